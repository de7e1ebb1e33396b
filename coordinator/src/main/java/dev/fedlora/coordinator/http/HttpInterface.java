package dev.fedlora.coordinator.http;

import dev.fedlora.coordinator.config.CoordinatorConfig;
import dev.fedlora.coordinator.config.ListenAddress;
import dev.fedlora.coordinator.config.StartupException;
import dev.fedlora.coordinator.config.TlsFiles;
import dev.fedlora.coordinator.round.RoundService;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.net.BindException;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The running HTTP server. Thread-safe. */
public final class HttpInterface implements AutoCloseable {
    private static final int EVENT_LOOPS = 2; // they parse and copy; the work is done by the workers
    private static final int WORKERS = 8;
    /** How long requests that are being answered may keep the server from stopping. */
    private static final int GRACE_SECONDS = 5;

    private static final Problem UNREADABLE = Problem.of(ProblemType.INVALID_PARAMETER, "the request cannot be read");

    private final Vertx vertx;
    private final HttpServer server;
    private final URI uri;

    private HttpInterface(Vertx vertx, HttpServer server, URI uri) {
        this.vertx = vertx;
        this.server = server;
        this.uri = uri;
    }

    /**
     * Starts to listen.
     *
     * @param config valid
     * @param service what is served
     * @param clock the server's wall clock, which clients' clocks are compared with
     * @throws StartupException when the address cannot be bound or the certificate cannot be used
     */
    public static HttpInterface start(CoordinatorConfig config, RoundService service, Supplier<Instant> clock) {
        Vertx vertx = Vertx.vertx(new VertxOptions()
                .setEventLoopPoolSize(EVENT_LOOPS)
                .setWorkerPoolSize(WORKERS)
                .setFileSystemOptions(
                        new FileSystemOptions().setFileCachingEnabled(false).setClassPathResolvingEnabled(false)));
        try {
            Handling handling = new Handling(
                    vertx,
                    config.limits(),
                    new SignedRequests(service.federation().roster(), clock));
            HttpServer server = await(vertx.createHttpServer(options(config))
                    .connectionHandler(new ConnectionLimit(config.limits().maxConnections()))
                    .invalidRequestHandler(HttpInterface::refuseUnreadable)
                    .requestHandler(router(config, service, handling))
                    .listen());
            return new HttpInterface(vertx, server, uri(config, server.actualPort()));
        } catch (RuntimeException e) {
            await(vertx.close());
            throw refusal(config, e);
        }
    }

    private static HttpServerOptions options(CoordinatorConfig config) {
        HttpServerOptions options = new HttpServerOptions()
                .setHost(config.listen().host())
                .setPort(config.listen().port())
                .setAlpnVersions(List.of(HttpVersion.HTTP_1_1)) // a refused upload closes its own connection only
                .setHttp2ClearTextEnabled(false)
                .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                .setIdleTimeout(Math.toIntExact(config.limits().connectionIdle().toMillis()));
        TlsFiles tls = config.tls();
        if (tls != null) {
            options.setSsl(true)
                    .setEnabledSecureTransportProtocols(Set.of("TLSv1.3", "TLSv1.2"))
                    .setKeyCertOptions(new PemKeyCertOptions()
                            .setCertPath(tls.certificate().toAbsolutePath().toString())
                            .setKeyPath(tls.key().toAbsolutePath().toString()));
        }
        return options;
    }

    private static Router router(CoordinatorConfig config, RoundService service, Handling handling) {
        Router router = Router.router(handling.vertx());
        router.route().failureHandler(context -> handling.problem(context, failure(context)));
        Map<String, String> alive = Map.of("status", "ok", "name", config.publicName());
        router.get("/healthz").handler(context -> Answers.json(context, 200, alive));
        router.get("/readyz").handler(context -> {
            if (service.isHealthy()) {
                Answers.json(context, 200, Map.of("status", "ready"));
            } else {
                throw new ProblemException(
                        ProblemType.NOT_READY, "a task is held up; its status and the coordinator's log say why");
            }
        });
        new TaskRoutes(service, handling).addTo(router);
        new RoundRoutes(service, handling).addTo(router);
        // these must answer before they return; what no route took has no body that anybody waits for
        router.errorHandler(404, context -> Answers.problem(context, unknownPath(context)));
        router.errorHandler(405, context -> Answers.problem(context, wrongMethod(context)));
        router.errorHandler(400, context -> Answers.problem(context, UNREADABLE));
        router.errorHandler(500, context -> Answers.problem(context, failure(context)));
        return router;
    }

    private static Problem unknownPath(RoutingContext context) {
        return Problem.of(
                ProblemType.UNKNOWN_PATH,
                "there is nothing at " + shortened(context.request().path()));
    }

    private static Problem wrongMethod(RoutingContext context) {
        return Problem.of(
                ProblemType.METHOD_NOT_ALLOWED,
                "%s does not take %s"
                        .formatted(
                                shortened(context.request().path()),
                                context.request().method().name()));
    }

    private static Problem failure(RoutingContext context) {
        Throwable failure = context.failure();
        return ProblemTable.of(
                failure == null ? new IllegalStateException("a request failed without a reason") : failure);
    }

    /** Answers what is not HTTP, or has a request line or headers that are too long, and ends the connection. */
    private static void refuseUnreadable(HttpServerRequest request) {
        request.response()
                .setStatusCode(UNREADABLE.status())
                .putHeader(HttpHeaders.CONTENT_TYPE, Problem.MEDIA_TYPE)
                .putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE)
                .end(Answers.toBuffer(UNREADABLE))
                .onComplete(sent -> request.connection().close());
    }

    private static String shortened(String path) {
        return path.length() <= 120 ? path : path.substring(0, 120) + "...";
    }

    private static URI uri(CoordinatorConfig config, int port) {
        String scheme = config.tls() == null ? "http" : "https";
        return URI.create(scheme + "://" + new ListenAddress(config.listen().host(), port));
    }

    private static StartupException refusal(CoordinatorConfig config, RuntimeException failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof BindException) {
            return new StartupException(
                    StartupException.Reason.LISTEN,
                    "cannot listen on %s: the address is in use or not one of this machine".formatted(config.listen()),
                    cause);
        }
        TlsFiles tls = config.tls();
        if (tls != null) {
            return new StartupException(
                    StartupException.Reason.TLS,
                    "certificate %s with key %s cannot be used: %s"
                            .formatted(tls.certificate(), tls.key(), cause.getMessage()),
                    cause);
        }
        return new StartupException(
                StartupException.Reason.LISTEN,
                "cannot listen on %s: %s".formatted(config.listen(), cause.getMessage()),
                cause);
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }

    /** Returns where the server listens, with the port it really has. */
    public URI uri() {
        return uri;
    }

    /** Takes no more requests, lets those in hand be answered for a few seconds, and frees the port. */
    @Override
    public void close() {
        await(server.shutdown(GRACE_SECONDS, TimeUnit.SECONDS));
        await(vertx.close());
    }
}
