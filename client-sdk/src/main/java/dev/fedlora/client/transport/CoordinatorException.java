package dev.fedlora.client.transport;

import java.io.IOException;

/** The coordinator's refusal of a request, as an RFC 9457 problem document tells it. */
public class CoordinatorException extends IOException {
    private final int status;
    private final String type;
    private final String detail;

    /**
     * Makes the exception of one problem document.
     *
     * @param status HTTP status
     * @param type last part of the problem's type, such as {@code unknown-round}, or {@code about:blank}
     * @param detail what the coordinator says about this occurrence
     */
    public CoordinatorException(int status, String type, String detail) {
        super("the coordinator answered %d %s: %s".formatted(status, type, detail));
        this.status = status;
        this.type = type;
        this.detail = detail;
    }

    /** Returns the HTTP status. */
    public int status() {
        return status;
    }

    /** Returns the last part of the problem's type, which is stable between versions. */
    public String type() {
        return type;
    }

    /** Returns the explanation of this occurrence. */
    public String detail() {
        return detail;
    }

    /** Says whether the same request may succeed later: a body that broke off, or a coordinator that is overloaded. */
    public boolean isTransient() {
        return switch (status) {
            case 408, 429, 502, 503, 504 -> true;
            default -> type.equals("body-incomplete");
        };
    }
}
