package dev.tidemill.prune;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What one prune may look at, and the times that it goes by.
///
/// @param projectId the only project whose documents are looked at, null for all
/// @param asOf everything is judged by this time
/// @param held projects whose documents wait for a person
record PruneScope(
        UUID workspaceId, @Nullable UUID projectId, Instant asOf, List<UUID> held, PruneProperties properties) {

    PruneScope {
        held = List.copyOf(held);
    }

    PruneScope holding(List<UUID> projects) {
        return new PruneScope(workspaceId, projectId, asOf, projects, properties);
    }

    /// By name, for every statement that looks for what may go.
    Map<String, @Nullable Object> parameters() {
        Map<String, @Nullable Object> all = new HashMap<>();
        all.put("workspace", workspaceId);
        all.put("project", projectId == null ? null : projectId.toString());
        all.put("held", held.stream().map(UUID::toString).toArray(String[]::new));
        all.put("asOf", asOf.atOffset(ZoneOffset.UTC));
        all.put("keep", properties.versions().keep());
        all.put("after", seconds(properties.versions().after()));
        all.put("undo", seconds(properties.undo()));
        all.put("maxAge", properties.maxAge() == null ? null : seconds(properties.maxAge()));
        all.put("queries", seconds(properties.queries()));
        all.put("history", seconds(properties.history()));
        all.put("fires", seconds(properties.fires()));
        all.put("letters", seconds(properties.letters()));
        all.put("cache", seconds(properties.cache()));
        all.put("blobs", seconds(properties.blobs()));
        all.put("usage", seconds(properties.usage()));
        all.put("evaluations", seconds(properties.evaluations()));
        all.put("asked", seconds(properties.asked()));
        all.put("sets", seconds(properties.sets()));
        return all;
    }

    private static double seconds(Duration age) {
        return (double) age.toSeconds();
    }
}
