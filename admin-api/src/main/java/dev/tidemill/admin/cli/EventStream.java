package dev.tidemill.admin.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Server-sent events, read ahead by a thread of its own so that waiting for them can end.
final class EventStream implements AutoCloseable {

    private final InputStream body;
    private final LinkedBlockingQueue<Object> read = new LinkedBlockingQueue<>();

    /// Stands for the end of the stream.
    private static final Object END = new Object();

    /// Something that the server told.
    ///
    /// @param name what kind of event
    /// @param id to go on after it later
    record Event(String name, String id, JsonNode data) {}

    EventStream(InputStream body) {
        this.body = body;
        Thread.ofVirtual().name("event-stream").start(this::read);
    }

    private void read() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8))) {
            String name = "message";
            String id = "";
            StringBuilder data = new StringBuilder();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.isEmpty()) {
                    if (!data.isEmpty()) {
                        read.add(new Event(name, id, JsonMapper.shared().readTree(data.toString())));
                    }
                    name = "message";
                    data.setLength(0);
                } else if (line.startsWith("event:")) {
                    name = line.substring("event:".length()).strip();
                } else if (line.startsWith("id:")) {
                    id = line.substring("id:".length()).strip();
                } else if (line.startsWith("data:")) {
                    data.append(line.substring("data:".length()));
                }
            }
        } catch (IOException e) {
            // The connection broke, or was closed here: either way the stream is at its end.
        } finally {
            read.add(END);
        }
    }

    /// The next event, null when none came in time.
    ///
    /// @throws IOException at the end of the stream
    @Nullable
    Event next(Duration patience) throws IOException, InterruptedException {
        Object next = read.poll(Math.max(0, patience.toMillis()), TimeUnit.MILLISECONDS);
        if (next == END) {
            throw new IOException("the server ended the stream");
        }
        return (Event) next;
    }

    @Override
    public void close() {
        try {
            body.close();
        } catch (IOException e) {
            // Nothing more is wanted of it.
        }
    }
}
