package dev.tidemill.extract;

import dev.tidemill.document.BlockKind;
import dev.tidemill.document.RefusalReason;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/// JSON and JSON lines as `path: value` lines; each object near the top that is an element of an array,
/// or a line of its own, becomes one block.
final class JsonText {

    private static final int MAX_DEPTH = 500;
    private static final int RECORD_DEPTH = 3;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(GuardedReader.MAX_TOKEN)
                    .maxNameLength(50_000)
                    .maxNumberLength(1_000)
                    .build())
            .build();

    private final GuardedReader guard;
    private final BlockSink sink;
    private final Deque<Level> levels = new ArrayDeque<>();
    private final StringBuilder block = new StringBuilder();
    private String lastPath = "";
    private boolean lastPathOpen;

    /// One open object or array.
    ///
    /// @param path what its members are prefixed with
    private record Level(boolean array, String path) {}

    private JsonText(GuardedReader text, BlockSink sink) {
        this.guard = text;
        this.sink = sink;
    }

    static Found read(GuardedReader text, BlockSink sink, Format format) {
        try {
            new JsonText(text, sink).read();
            return Found.of(format);
        } catch (StreamConstraintsException e) {
            String message = String.valueOf(e.getOriginalMessage());
            throw message.contains("nesting")
                    ? new RefusedException(RefusalReason.BOMB, "It is nested deeper than " + MAX_DEPTH + " levels.", e)
                    : new RefusedException(RefusalReason.CORRUPT, "One of its values is too long: " + message, e);
        } catch (JacksonException e) {
            throw new RefusedException(
                    RefusalReason.CORRUPT,
                    "It is no JSON from line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ": " + e.getOriginalMessage(),
                    e);
        }
    }

    private void read() {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), guard)) {
            String name = "";
            JsonToken token;
            while ((token = parser.nextToken()) != null) {
                guard.progressed();
                switch (token) {
                    case START_OBJECT, START_ARRAY -> open(token == JsonToken.START_ARRAY, name);
                    case END_OBJECT, END_ARRAY -> close();
                    case PROPERTY_NAME -> name = parser.currentName();
                    case VALUE_STRING, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT, VALUE_TRUE, VALUE_FALSE ->
                        value(name, parser.getString());
                    case VALUE_NULL, VALUE_EMBEDDED_OBJECT, NOT_AVAILABLE -> {
                        // says nothing
                    }
                }
            }
        }
        flush();
    }

    private void open(boolean array, String name) {
        Level parent = levels.peek();
        if (!array && levels.size() < RECORD_DEPTH && (parent == null || parent.array())) {
            flush();
            levels.push(new Level(false, ""));
        } else {
            levels.push(new Level(array, path(parent, name)));
        }
        lastPathOpen = false;
    }

    private void close() {
        levels.pop();
        if (levels.isEmpty()) {
            flush();
        }
    }

    private static String path(@Nullable Level parent, String name) {
        if (parent == null) {
            return "";
        }
        if (parent.array() || name.isEmpty()) {
            return parent.path();
        }
        String path = parent.path().isEmpty() ? name : parent.path() + "." + name;
        return path.length() > 200 ? path.substring(path.length() - 200) : path;
    }

    private void value(String name, @Nullable String value) {
        if (value == null || value.isBlank()) {
            return;
        }
        Level parent = levels.peek();
        String path = path(parent, name);
        if (lastPathOpen && parent != null && parent.array() && path.equals(lastPath)) {
            block.setLength(block.length() - 1);
            block.append(", ").append(value).append('\n');
        } else {
            block.append(path).append(path.isEmpty() ? "" : ": ").append(value).append('\n');
        }
        lastPath = path;
        lastPathOpen = true;
        if (block.length() > LineReader.MAX_LINE) {
            sink.piece(BlockKind.PARAGRAPH, block);
            block.setLength(0);
            lastPathOpen = false;
        }
    }

    private void flush() {
        sink.block(BlockKind.PARAGRAPH, block);
        block.setLength(0);
        lastPathOpen = false;
    }
}
