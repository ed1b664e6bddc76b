package dev.tidemill.evaluate;

import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Plan;
import dev.tidemill.run.Prepared;
import dev.tidemill.search.SearchMode;
import dev.tidemill.store.Evaluations;
import dev.tidemill.store.GoldenSets;
import dev.tidemill.store.GoldenSets.GoldenSet;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.VectorSet;
import dev.tidemill.store.VectorSets;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Checks a request against the world, and says what it would ask.
final class EvaluatePreparation {

    /// Assumed for a question: embedding and a search of each leg.
    private static final Duration EACH = Duration.ofMillis(30);

    private final Projects projects;
    private final VectorSets sets;
    private final GoldenSets goldenSets;
    private final Evaluations evaluations;

    EvaluatePreparation(Projects projects, VectorSets sets, GoldenSets goldenSets, Evaluations evaluations) {
        this.projects = projects;
        this.sets = sets;
        this.goldenSets = goldenSets;
        this.evaluations = evaluations;
    }

    Prepared prepare(UUID workspaceId, Map<String, String> given) {
        Map<String, String> all = new HashMap<>(given);
        if (canary(given)) {
            return new Prepared("evaluate as canary", all);
        }
        all.put(EvaluateParameters.SET, Long.toString(set(workspaceId, given).id()));
        sets(workspaceId, given);
        return new Prepared("evaluate of project " + given.getOrDefault(EvaluateParameters.PROJECT, ""), all);
    }

    static boolean canary(Map<String, String> given) {
        return Boolean.parseBoolean(given.getOrDefault(EvaluateParameters.CANARY, "false"));
    }

    private Project project(UUID workspaceId, Map<String, String> given) {
        String slug = given.getOrDefault(EvaluateParameters.PROJECT, "");
        return projects.find(workspaceId, slug)
                .orElseThrow(
                        () -> new InvalidParameter(EvaluateParameters.PROJECT, "there is no project \"" + slug + "\""));
    }

    private List<GoldenSet> sets(UUID workspaceId, Map<String, String> given) {
        Project project = project(workspaceId, given);
        String named = given.getOrDefault(EvaluateParameters.GOLDEN_SET, "");
        List<GoldenSet> chosen = goldenSets.list(project).stream()
                .filter(set -> named.isBlank() || set.name().equals(named))
                .toList();
        if (chosen.isEmpty()) {
            throw new InvalidParameter(
                    EvaluateParameters.GOLDEN_SET,
                    (named.isBlank()
                                    ? "project \"" + project.slug() + "\" has no golden set"
                                    : "there is no golden set \"" + named + "\" in project \"" + project.slug() + "\"")
                            + ": import one, for example with ./tidemill evaluate import");
        }
        return chosen;
    }

    private VectorSet set(UUID workspaceId, Map<String, String> given) {
        Project project = project(workspaceId, given);
        String named = given.getOrDefault(EvaluateParameters.SET, "");
        if (named.isBlank()) {
            return sets.live(workspaceId, project.id())
                    .orElseThrow(() -> new InvalidParameter(
                            EvaluateParameters.PROJECT,
                            "project \"" + project.slug() + "\" has no vectors yet: ingest something first"));
        }
        return sets.find(workspaceId, Long.parseLong(named))
                .filter(set -> set.state() != VectorSet.State.RETIRED)
                .orElseThrow(() -> new InvalidParameter(
                        EvaluateParameters.SET, "there is no vector set " + named + " that can be asked"));
    }

    Plan plan(UUID workspaceId, Map<String, String> given) {
        long questions = 0;
        List<String> notes = new ArrayList<>();
        @Nullable VectorSet set = null;
        if (canary(given)) {
            for (String slug : evaluations.changedSinceAsked(workspaceId)) {
                notes.add("project " + slug + " has changed since its canary sets were last asked");
                questions += goldenSets.list(projects.find(workspaceId, slug).orElseThrow()).stream()
                        .filter(GoldenSet::canary)
                        .mapToLong(GoldenSet::questions)
                        .sum();
            }
        } else {
            set = set(workspaceId, given);
            questions = sets(workspaceId, given).stream()
                    .mapToLong(GoldenSet::questions)
                    .sum();
            notes.add("asks vector set " + set.id() + " by " + set.model());
        }
        notes.add("mode "
                + SearchMode.byId(given.getOrDefault(EvaluateParameters.MODE, "hybrid"))
                        .id());
        return new Plan(
                Map.of("questions", questions),
                0,
                BigDecimal.ZERO,
                EACH.multipliedBy(questions),
                questions * 2_000,
                notes,
                questions + "/" + (set == null ? "canary" : set.id()));
    }
}
