package dev.tidemill.source;

import dev.tidemill.document.ContentHash;
import dev.tidemill.document.RefusalReason;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The lines of a JSON Lines file, as BEIR's `corpus.jsonl` has them: `_id` (or `id`), `title`, `text`,
/// `metadata`; or as Mini-RAG's `chunks.jsonl` and the backups of it have them: `id`, `content`, `source`,
/// `metadata`. A line that cannot be used is refused by its number; the others go on.
final class JsonlListing implements Listing {

    /// Longer lines are refused, so that no line can exhaust memory.
    static final int MAX_LINE_BYTES = 8 << 20;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Path file;
    private final InputStream in;
    private final long total;
    private final Set<Long> seen = new HashSet<>();
    private long line;

    JsonlListing(Path file) throws IOException {
        this.file = file;
        this.total = countLines(file);
        this.in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    }

    private static long countLines(Path file) throws IOException {
        byte[] buffer = new byte[1 << 16];
        long lines = 0;
        boolean content = false;
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
                for (int i = 0; i < n; i++) {
                    if (buffer[i] == '\n') {
                        lines += content ? 1 : 0;
                        content = false;
                    } else if (buffer[i] != '\r' && buffer[i] != ' ') {
                        content = true;
                    }
                }
            }
        }
        return lines + (content ? 1 : 0);
    }

    @Override
    public @Nullable SourceItem next() {
        try {
            while (true) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
                boolean end = readLine(bytes);
                String text = bytes.toString(StandardCharsets.UTF_8).strip();
                if (!text.isEmpty()) {
                    return bytes.size() > MAX_LINE_BYTES
                            ? refused(RefusalReason.TOO_LARGE, "is longer than " + MAX_LINE_BYTES + " bytes")
                            : parse(text);
                }
                if (end) {
                    return null;
                }
            }
        } catch (IOException e) {
            throw new SourceUnavailable(file + " cannot be read any further: " + e.getMessage(), e);
        }
    }

    /// Reads up to the end of the line, keeping at most one byte more than is allowed. True at the end of the file.
    private boolean readLine(ByteArrayOutputStream bytes) throws IOException {
        line++;
        int b = in.read();
        while (b >= 0 && b != '\n') {
            if (bytes.size() <= MAX_LINE_BYTES) {
                bytes.write(b);
            }
            b = in.read();
        }
        return b < 0;
    }

    private SourceItem parse(String text) {
        JsonNode object;
        try {
            object = JSON.readTree(text);
        } catch (JacksonException e) {
            return refused(RefusalReason.CORRUPT, "is not JSON: " + e.getOriginalMessage());
        }
        if (!object.isObject()) {
            return refused(RefusalReason.CORRUPT, "is not a JSON object");
        }
        String id = string(object, "_id");
        id = id.isEmpty() ? string(object, "id") : id;
        if (id.isEmpty()) {
            return refused(RefusalReason.CORRUPT, "has no \"_id\" and no \"id\"");
        }
        if (!seen.add(ByteBuffer.wrap(ContentHash.of(id).bytes()).getLong())) {
            return refused(RefusalReason.CORRUPT, "repeats the id \"" + id + "\" of an earlier line");
        }
        Map<String, String> metadata = new TreeMap<>();
        object.path("metadata").properties().forEach(p -> metadata.put(p.getKey(), plain(p.getValue())));
        addSource(object.path("source"), metadata);
        String title = string(object, "title").strip();
        String field = object.has("text") ? "text" : "content";
        byte[] body = string(object, field).getBytes(StandardCharsets.UTF_8);
        return new SourceItem(id, fileName(id), title.isEmpty() ? null : title, metadata, new SourceItem.OfBytes(body));
    }

    /// Where the text came from before it came into the file, as an object: `type`, and `path` or `url`.
    private static void addSource(JsonNode source, Map<String, String> metadata) {
        if (source.isObject()) {
            String place = string(source, "url");
            place = place.isEmpty() ? string(source, "path") : place;
            if (!place.isEmpty()) {
                metadata.putIfAbsent("source", place);
            }
            String type = string(source, "type");
            if (!type.isEmpty()) {
                metadata.putIfAbsent("source_type", type);
            }
        }
    }

    private static String fileName(String id) {
        return id.replaceAll("[^\\p{Alnum}._-]", "_") + ".txt";
    }

    private static String string(JsonNode object, String field) {
        JsonNode value = object.path(field);
        return value.isMissingNode() || value.isNull() ? "" : plain(value);
    }

    private static String plain(JsonNode value) {
        return value.isValueNode() ? value.asString() : value.toString();
    }

    private SourceItem refused(RefusalReason reason, String what) {
        String key = "line " + line;
        return new SourceItem(
                key,
                key,
                null,
                Map.of(),
                new SourceItem.Unavailable(reason, "line " + line + " of " + file.getFileName() + " " + what));
    }

    @Override
    public long total() {
        return total;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
