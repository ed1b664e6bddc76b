package dev.tidemill.admin;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/// A run as an OTLP receiver sees it.
class TraceTest {

    @TempDir
    private Path folder;

    @Test
    void aRunIsATraceWithItsStepsAndTheLaunchKeepsItsParent() throws Exception {
        BlockingQueue<String> spans = new LinkedBlockingQueue<>();
        HttpServer receiver = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        receiver.createContext("/v1/traces", exchange -> {
            // Protocol buffers: names stand in it as they are, ids as bytes.
            spans.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        receiver.start();
        Files.writeString(folder.resolve("a.md"), "# A\n\nA text about lighthouses.\n");
        try (TestServer server = new TestServer(
                "management.opentelemetry.tracing.export.schedule-delay=50ms",
                "management.opentelemetry.tracing.export.otlp.endpoint=http://127.0.0.1:"
                        + receiver.getAddress().getPort() + "/v1/traces")) {
            server.finished(server.post("/actuator/jobs/ingest", "{\"location\":\"" + folder + "\"}", server.key()));
            String traceparent = JdbcClient.create(server.database.dataSource())
                    .sql("SELECT traceparent FROM launches")
                    .query(String.class)
                    .single();
            assertThat(traceparent).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-0[13]");
            String traceId =
                    new String(HexFormat.of().parseHex(traceparent.substring(3, 35)), StandardCharsets.ISO_8859_1);

            StringBuilder seen = new StringBuilder();
            while (!(seen.toString().contains("spring.batch.job")
                    && seen.toString().contains(traceId))) {
                String more = spans.poll(30, TimeUnit.SECONDS);
                assertThat(more).as("spans received").isNotNull();
                seen.append(more);
            }
            assertThat(seen.toString()).contains("spring.batch.step").doesNotContain("spring.batch.item");
        } finally {
            receiver.stop(0);
        }
    }
}
