package dev.fedlora.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class ErrorHandlingTest {
    @Test
    void words_fileExceptions_sayWhatHappenedToTheFile() {
        assertThat(ErrorHandling.words(new NoSuchFileException("a"))).isEqualTo("a: no such file or folder");
        assertThat(ErrorHandling.words(new AccessDeniedException("a"))).isEqualTo("a: permission denied");
        assertThat(ErrorHandling.words(new FileAlreadyExistsException("a"))).isEqualTo("a: exists already");
        assertThat(ErrorHandling.words(new FileSystemException("a", null, "No space left on device")))
                .isEqualTo("a: No space left on device");
    }

    @Test
    void words_wrappedException_isThatOfTheCause() {
        IOException cause = new NoSuchFileException("a");
        assertThat(ErrorHandling.words(new ExecutionException(cause))).isEqualTo("a: no such file or folder");
        assertThat(ErrorHandling.words(new CompletionException(new UncheckedIOException(cause))))
                .isEqualTo("a: no such file or folder");
        assertThat(ErrorHandling.words(new IOException("while reading", cause))).isEqualTo("while reading");
    }

    @Test
    void words_portInUse_saysThatItCannotListen() {
        assertThat(ErrorHandling.words(new BindException("Address already in use")))
                .isEqualTo("cannot listen: Address already in use");
    }

    @Test
    void words_noMessage_namesTheException() {
        assertThat(ErrorHandling.words(new NullPointerException())).startsWith("NullPointerException");
        assertThat(ErrorHandling.words(new InterruptedException())).isEqualTo("interrupted");
    }
}
