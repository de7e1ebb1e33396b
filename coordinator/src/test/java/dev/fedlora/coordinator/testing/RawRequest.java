package dev.fedlora.coordinator.testing;

import dev.fedlora.aggregation.wire.RequestSignature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** One POST by hand, for bodies that a proper client does not send. */
public final class RawRequest implements AutoCloseable {
    /** Instead of a length: the body comes in chunks. */
    public static final long CHUNKED = -1;

    private final Socket socket;
    private final OutputStream out;
    private final InputStream in;

    /** Connects and sends the head. */
    public RawRequest(URI server, String path, RequestSignature signature, long length, String... headers)
            throws IOException {
        socket = new Socket(server.getHost(), server.getPort());
        out = socket.getOutputStream();
        in = socket.getInputStream();
        StringBuilder head = new StringBuilder("POST " + path + " HTTP/1.1\r\nHost: localhost\r\n");
        head.append("Content-Type: application/octet-stream\r\n");
        head.append(length == CHUNKED ? "Transfer-Encoding: chunked\r\n" : "Content-Length: " + length + "\r\n");
        signature.headers().forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
        for (String header : headers) {
            head.append(header + "\r\n");
        }
        out.write((head + "\r\n").getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    /** Sends part of the body. */
    public void send(byte[] body, int from, int count) throws IOException {
        out.write(body, from, count);
        out.flush();
    }

    /** Sends one chunk. */
    public void sendChunk(byte[] chunk) throws IOException {
        out.write((Integer.toHexString(chunk.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
        out.write(chunk);
        out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    /** Ends the chunks. */
    public void endChunks() throws IOException {
        out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    /** Reads one status line and the headers after it, which are dropped. */
    public String statusLine() throws IOException {
        String status = line();
        while (!line().isEmpty()) {
            // headers of an interim answer
        }
        return status;
    }

    /**
     * What came back.
     *
     * @param statusCode of the answer
     * @param body text
     */
    public record Answer(int statusCode, String body) {
        /** Reads the body as a problem. */
        public Problems.Document problem() {
            return Problems.of(statusCode, body.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Waits for the answer. */
    public Answer answer() throws IOException {
        int status = Integer.parseInt(line().split(" ", 3)[1]);
        int length = 0;
        for (String header = line(); !header.isEmpty(); header = line()) {
            if (header.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                length = Integer.parseInt(
                        header.substring("content-length:".length()).strip());
            }
        }
        return new Answer(status, new String(in.readNBytes(length), StandardCharsets.UTF_8));
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("the connection ended after '" + line + "'");
            }
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(StandardCharsets.US_ASCII);
    }

    /** Drops the connection, whatever has been sent. */
    @Override
    public void close() throws IOException {
        socket.close();
    }
}
