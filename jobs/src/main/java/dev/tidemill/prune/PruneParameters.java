package dev.tidemill.prune;

import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Prepared;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.springframework.batch.core.job.JobExecution;
import org.springframework.batch.core.job.parameters.JobParameters;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.ExecutionContext;

/// What a prune was asked to do, as a request and as its job parameters hold it.
final class PruneParameters {

    private static final String HELD = "prune.held";

    private final Projects projects;
    private final PruneProperties properties;
    private final InstantSource clock;

    PruneParameters(Projects projects, PruneProperties properties, InstantSource clock) {
        this.projects = projects;
        this.properties = properties;
        this.clock = clock;
    }

    /// Checks a request. Without a time it goes by the last full hour: a plan and the run that applies it then go by
    /// the same one.
    Prepared prepare(UUID workspaceId, Map<String, String> given) {
        PruneScope scope = requested(workspaceId, given);
        Map<String, String> all = new HashMap<>(given);
        all.put("asOf", scope.asOf().toString());
        if (scope.projectId() != null) {
            all.put("projectId", scope.projectId().toString());
        }
        return new Prepared("prune of the workspace", all);
    }

    PruneScope requested(UUID workspaceId, Map<String, String> given) {
        String slug = given.getOrDefault("project", "");
        UUID projectId = slug.isEmpty()
                ? null
                : projects.find(workspaceId, slug)
                        .map(Project::id)
                        .orElseThrow(() -> new InvalidParameter("project", "there is no project \"" + slug + "\""));
        Instant now = clock.instant();
        String time = given.getOrDefault("asOf", "");
        Instant asOf = time.isEmpty() ? now.truncatedTo(ChronoUnit.HOURS) : Instant.parse(time);
        if (asOf.isAfter(now)) {
            throw new InvalidParameter("asOf", "asOf is " + asOf + ", which is still to come: give a time of the past");
        }
        return new PruneScope(workspaceId, projectId, asOf, List.of(), properties);
    }

    PruneScope of(StepExecution step) {
        JobExecution execution = step.getJobExecution();
        JobParameters parameters = execution.getJobParameters();
        String project = parameters.getString("projectId");
        return new PruneScope(
                UUID.fromString(required(parameters, "workspace")),
                project == null ? null : UUID.fromString(project),
                Instant.parse(required(parameters, "asOf")),
                held(execution.getExecutionContext()),
                properties);
    }

    static boolean allowMassDelete(StepExecution step) {
        return Boolean.parseBoolean(step.getJobParameters().getString("allowMassDelete"));
    }

    /// Projects whose documents the guard keeps back, for this run and those that go on with it.
    static void hold(ExecutionContext context, List<UUID> projects) {
        context.putString(
                HELD, String.join(",", projects.stream().map(UUID::toString).toList()));
    }

    private static List<UUID> held(ExecutionContext context) {
        String held = context.containsKey(HELD) ? context.getString(HELD) : "";
        return held.isEmpty()
                ? List.of()
                : Arrays.stream(held.split(",")).map(UUID::fromString).toList();
    }

    private static String required(JobParameters parameters, String name) {
        String value = parameters.getString(name);
        if (value == null) {
            throw new IllegalArgumentException("the prune lacks its parameter " + name);
        }
        return value;
    }
}
