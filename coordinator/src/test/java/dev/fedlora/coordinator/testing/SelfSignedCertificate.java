package dev.fedlora.coordinator.testing;

import dev.fedlora.coordinator.config.TlsFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate for 127.0.0.1, made by the JDK's keytool. */
public final class SelfSignedCertificate {
    private static final String PASSWORD = "changeit";

    private final KeyStore store;
    private final Path folder;

    /** Makes key and certificate in a folder. */
    public SelfSignedCertificate(Path folder) throws IOException, GeneralSecurityException, InterruptedException {
        this.folder = folder;
        Path file = folder.resolve("server.p12");
        String keytool =
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
        String command = "-genkeypair -alias server -keyalg EC -groupname secp256r1 -validity 2 -storetype PKCS12"
                + " -dname CN=localhost -ext SAN=ip:127.0.0.1,dns:localhost -storepass " + PASSWORD + " -keystore";
        String[] arguments = (keytool + " " + command + " " + file).split(" ");
        Process process =
                new ProcessBuilder(arguments).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0) {
            throw new IOException("keytool: " + output);
        }
        store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
    }

    /** Writes both as PEM files. */
    public TlsFiles pem() throws IOException, GeneralSecurityException {
        return new TlsFiles(
                write(
                        "server.crt",
                        "CERTIFICATE",
                        store.getCertificate("server").getEncoded()),
                write(
                        "server.key",
                        "PRIVATE KEY",
                        store.getKey("server", PASSWORD.toCharArray()).getEncoded()));
    }

    private Path write(String name, String label, byte[] der) throws IOException {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return Files.writeString(
                folder.resolve(name), "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, base64, label));
    }

    /** A context that trusts this certificate alone. */
    public SSLContext trust() throws GeneralSecurityException, IOException {
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", store.getCertificate("server"));
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }
}
