package dev.tidemill.run.alerts;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import tools.jackson.databind.JsonNode;

/// What is sent to a channel: one event, or those that came together, oldest first.
///
/// @param id the same for every try
record Message(UUID id, List<Told> events) {

    /// An event as it was stored.
    record Told(
            UUID id,
            UUID workspaceId,
            Instant at,
            String type,
            Severity severity,
            String dedupeKey,
            String message,
            JsonNode data) {

        Map<String, Object> view() {
            Map<String, Object> view = new LinkedHashMap<>();
            view.put("id", id.toString());
            view.put("type", type);
            view.put("severity", severity.column());
            view.put("at", at.toString());
            view.put("workspace", workspaceId.toString());
            view.put("dedupeKey", dedupeKey);
            view.put("message", message);
            view.put("data", data);
            return view;
        }

        boolean resolved() {
            return type.endsWith(".resolved");
        }
    }

    Message {
        events = List.copyOf(events);
    }

    Told newest() {
        return events.getLast();
    }

    String title() {
        Told newest = newest();
        String more = events.size() == 1 ? "" : " (and " + (events.size() - 1) + " more)";
        return "[tidemill] "
                + (newest.resolved() ? "resolved" : newest.severity().column()) + ": " + newest.type() + more;
    }
}
