package dev.tidemill.run.alerts;

import java.util.Map;
import java.util.UUID;

/// Something that an operator should hear of.
///
/// @param workspaceId whose it is, `LaunchRequest.INSTALLATION` for the whole installation
/// @param type noun and what happened to it, for example `run.failed`
/// @param dedupeKey the same for the same trouble: its events are told together, and its end refers to it
/// @param message one or two sentences for people
/// @param data further facts; never a secret
public record Event(
        UUID workspaceId, String type, Severity severity, String dedupeKey, String message, Map<String, Object> data) {

    private static final int LONGEST_MESSAGE = 2_000;

    public Event {
        data = Map.copyOf(data);
        // What is told here must never keep the transaction that tells it from committing.
        String clean = message.replace('\0', ' ');
        message = clean.length() > LONGEST_MESSAGE ? clean.substring(0, LONGEST_MESSAGE - 1) + "…" : clean;
        dedupeKey = dedupeKey.replace('\0', ' ');
    }
}
