package dev.fedlora.coordinator.config;

import java.nio.file.Path;

/**
 * The PEM files of the server's certificate.
 *
 * @param certificate certificate chain, the server's own first
 * @param key unencrypted PKCS #8 private key of that certificate
 */
public record TlsFiles(Path certificate, Path key) {}
