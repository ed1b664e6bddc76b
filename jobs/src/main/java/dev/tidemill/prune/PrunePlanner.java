package dev.tidemill.prune;

import dev.tidemill.document.ContentHash;
import dev.tidemill.precaution.Precautions;
import dev.tidemill.run.Plan;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// Says what a prune would remove: counts, bytes and examples, by the same SQL that then removes it.
final class PrunePlanner {

    private final PruneParameters parameters;
    private final Remains remains;
    private final PruneProperties properties;
    private final Precautions precautions;

    PrunePlanner(PruneParameters parameters, Remains remains, PruneProperties properties, Precautions precautions) {
        this.precautions = precautions;
        this.parameters = parameters;
        this.remains = remains;
        this.properties = properties;
    }

    Plan plan(UUID workspaceId, Map<String, String> given) {
        PruneScope scope = parameters.requested(workspaceId, given);
        List<String> notes = new ArrayList<>();
        if (!Boolean.parseBoolean(given.getOrDefault("allowMassDelete", "false"))) {
            List<Remains.Share> suspicious = GuardTasklet.suspicious(remains, scope, properties.massDelete());
            if (!suspicious.isEmpty()) {
                scope = scope.holding(GuardTasklet.projects(suspicious));
                notes.add(GuardTasklet.explain(suspicious));
            }
        }
        Map<String, Long> counts = new LinkedHashMap<>();
        StringBuilder world = new StringBuilder();
        long bytes = 0;
        for (PruneKind kind : PruneKind.values()) {
            Remains.Tally tally = remains.tally(scope, kind);
            counts.put(kind.step(), tally.items());
            bytes += tally.bytes();
            world.append(kind)
                    .append(' ')
                    .append(tally.items())
                    .append(' ')
                    .append(tally.hash())
                    .append('\n');
            if (tally.items() > 0 && properties.samples() > 0) {
                List<String> examples = remains.examples(scope, kind, properties.samples());
                long more = tally.items() - examples.size();
                notes.add(
                        kind.step() + ": " + String.join(", ", examples) + (more > 0 ? " and " + more + " more" : ""));
            }
        }
        long knowledge = PrecautionTasklet.knowledge(remains, scope);
        precautions
                .reason(properties.backupBefore(), knowledge)
                .ifPresent(reason -> notes.add(reason + ": what is done about it says prune.backup-before ("
                        + properties.backupBefore().mode() + ")"));
        counts.put("bytes", bytes);
        notes.addAll(remains.bloat(workspaceId));
        return new Plan(
                counts,
                0,
                BigDecimal.ZERO,
                Duration.ZERO,
                0,
                notes,
                ContentHash.of(world.toString()).hex());
    }
}
