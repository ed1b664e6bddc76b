package dev.tidemill.run;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/// A stored execution context, of which only numbers and texts are of interest: read without making objects of the
/// classes that it names.
record Context(JsonNode entries) {

    static Context of(@Nullable String stored) {
        return new Context(
                stored == null || stored.isBlank()
                        ? MissingNode.getInstance()
                        : JsonMapper.shared().readTree(stored));
    }

    /// 0 where there is none.
    long number(String key) {
        return value(key).asLong(0);
    }

    Optional<String> text(String key) {
        JsonNode value = value(key);
        return value.isString() ? Optional.of(value.asString()) : Optional.empty();
    }

    /// Numbers are stored together with their class.
    private JsonNode value(String key) {
        JsonNode value = entries.path(key);
        return value.isArray() && value.size() == 2 ? value.get(1) : value;
    }
}
