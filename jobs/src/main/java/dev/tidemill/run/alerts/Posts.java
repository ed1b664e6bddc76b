package dev.tidemill.run.alerts;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Posts JSON and waits a bounded time for the answer. Redirects are not followed: the operator named the receiver.
/// Private addresses are allowed for the same reason.
final class Posts implements AutoCloseable {

    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration WHOLE = Duration.ofSeconds(15);

    private final HttpClient http = HttpClient.newBuilder()
            .connectTimeout(CONNECT)
            .followRedirects(Redirect.NEVER)
            .build();

    Answer post(URI address, byte[] body, Map<String, String> headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(address)
                .timeout(WHOLE)
                .header("Content-Type", "application/json")
                .header("User-Agent", "tidemill")
                .POST(BodyPublishers.ofByteArray(body));
        headers.forEach(request::header);
        CompletableFuture<HttpResponse<Void>> answer = http.sendAsync(request.build(), BodyHandlers.discarding());
        try {
            // The request's own timeout ends with the headers; a body that drips in for ever must not hold us
            // either.
            return Answer.of(answer.get(WHOLE.toSeconds(), TimeUnit.SECONDS).statusCode());
        } catch (ExecutionException e) {
            return Answer.failed(describe(e.getCause() == null ? e : e.getCause()));
        } catch (TimeoutException e) {
            answer.cancel(true);
            return Answer.failed("no answer within " + WHOLE.toSeconds() + " s");
        } catch (InterruptedException e) {
            answer.cancel(true);
            Thread.currentThread().interrupt();
            return Answer.failed("interrupted");
        }
    }

    /// Without the address, which may be a secret.
    private static String describe(Throwable e) {
        String kind = e.getClass().getSimpleName();
        return e instanceof IOException
                        && e.getMessage() != null
                        && !e.getMessage().contains("://")
                ? kind + ": " + e.getMessage()
                : kind;
    }

    @Override
    public void close() {
        http.shutdownNow();
        http.close();
    }
}
