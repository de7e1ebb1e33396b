package dev.fedlora.cli.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.ConnectException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Puts errors into words: what went wrong in a line on standard error, then the exit code. A stack trace is for those
 * who ask for it with {@code --verbose}.
 */
public final class ErrorHandling implements IExecutionExceptionHandler, IParameterExceptionHandler {
    private static final String VERBOSE = "--verbose";
    private static final String PREFIX = "Error: "; // of some of picocli's messages

    /** A command failed: exit code 1. */
    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        report(failure, command, parsed.expandedArgs().contains(VERBOSE));
        return ExitCode.SOFTWARE;
    }

    /** The command line is wrong: exit code 2. */
    @Override
    public int handleParseException(ParameterException wrong, String[] arguments) {
        CommandLine command = wrong.getCommandLine();
        PrintWriter err = command.getErr();
        String message = String.valueOf(wrong.getMessage());
        err.println("fedlora: " + (message.startsWith(PREFIX) ? message.substring(PREFIX.length()) : message));
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        if (List.of(arguments).contains(VERBOSE)) {
            wrong.printStackTrace(err);
        }
        err.flush();
        return ExitCode.USAGE;
    }

    private static void report(Exception failure, CommandLine command, boolean verbose) {
        PrintWriter err = command.getErr();
        err.println("fedlora: " + words(failure));
        if (verbose) {
            failure.printStackTrace(err);
        }
        err.flush();
    }

    /** Returns what went wrong, for people. */
    static String words(Throwable failure) {
        Throwable cause = unwrapped(failure);
        if (cause instanceof FileSystemException file) {
            return fileWords(file);
        }
        if (cause instanceof InterruptedException || cause instanceof ClosedByInterruptException) {
            return "interrupted";
        }
        String message = cause.getMessage();
        if (message == null || message.isBlank()) {
            return cause.getClass().getSimpleName() + " (--verbose shows where)";
        }
        if (cause instanceof BindException) {
            return "cannot listen: " + message;
        }
        if (cause instanceof ConnectException) {
            return "cannot connect: " + message;
        }
        return message;
    }

    /** These exceptions say the file alone; what happened to it is their class. */
    private static String fileWords(FileSystemException failure) {
        String file = failure.getFile();
        if (failure instanceof NoSuchFileException) {
            return file + ": no such file or folder";
        }
        if (failure instanceof AccessDeniedException) {
            return file + ": permission denied";
        }
        if (failure instanceof FileAlreadyExistsException) {
            return file + ": exists already";
        }
        if (failure instanceof NotDirectoryException) {
            return file + ": is not a folder";
        }
        return file + ": " + (failure.getReason() == null ? "cannot be used" : failure.getReason());
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null
                && (cause instanceof ExecutionException
                        || cause instanceof CompletionException
                        || cause instanceof UncheckedIOException
                        || cause.getClass() == IOException.class && cause.getMessage() == null)) {
            cause = cause.getCause();
        }
        return cause;
    }
}
