package dev.tidemill.run;

import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// What runs would do. A plan is kept for a while, so that a launch can ask for exactly that; it is applied once at
/// most, and only while the world is as it was.
public final class Plans {

    /// How long a plan can be applied.
    static final Duration VALID = Duration.ofHours(1);

    private static final JsonMapper JSON = JsonMapper.shared();

    private final Control control;
    private final Jobs jobs;
    private final Audit audit;

    Plans(Control control, Jobs jobs, Audit audit) {
        this.control = control;
        this.jobs = jobs;
        this.audit = audit;
    }

    /// A plan as it was kept.
    public record Kept(UUID id, String job, Map<String, String> parameters, Plan plan, OffsetDateTime expiresAt) {}

    private record Row(
            String job,
            Map<String, String> parameters,
            String world,
            Map<String, Long> counts,
            boolean expired,
            @Nullable Long instanceId) {}

    /// Makes a plan and keeps it.
    ///
    /// @throws UnknownJob when there is no such job
    /// @throws InvalidParameter when a parameter is wrong or missing
    /// @throws RunConflict when the job cannot tell what it would do
    public Kept make(UUID workspaceId, String job, Map<String, String> parameters, String actor) {
        Map<String, String> given = jobs.check(job, parameters);
        Plan plan = planner(job).plan(workspaceId, given);
        UUID id = UUID.randomUUID();
        OffsetDateTime expiresAt = control.call(() -> {
            OffsetDateTime end = insert(workspaceId, id, job, given, plan, actor);
            audit.record(workspaceId, actor, "plan.make", "plan " + id, Map.of("job", job));
            return end;
        });
        return new Kept(id, job, given, plan, expiresAt);
    }

    private JobDefinition.Planner planner(String job) {
        JobDefinition.Planner planner = jobs.get(job).planner();
        if (planner == null) {
            throw new RunConflict(job + " cannot tell what it would do: launch it without a plan");
        }
        return planner;
    }

    private OffsetDateTime insert(
            UUID workspaceId, UUID id, String job, Map<String, String> given, Plan plan, String actor) {
        return control.jdbc()
                .sql("""
                        INSERT INTO plans (workspace_id, id, job, parameters, world, counts, tokens, cost, seconds, disk_bytes,
                            notes, created_by, expires_at)
                        VALUES (:workspace, :id, :job, CAST(:parameters AS jsonb), :world, CAST(:counts AS jsonb), :tokens,
                            :cost, :seconds, :disk, CAST(:notes AS jsonb), :actor,
                            clock_timestamp() + :valid * interval '1 second')
                        RETURNING expires_at
                        """)
                .param("workspace", workspaceId)
                .param("id", id)
                .param("job", job)
                .param("parameters", JSON.writeValueAsString(given))
                .param("world", plan.world())
                .param("counts", JSON.writeValueAsString(plan.counts()))
                .param("tokens", plan.tokens())
                .param("cost", plan.cost())
                .param("seconds", plan.time().toSeconds())
                .param("disk", plan.diskBytes())
                .param("notes", JSON.writeValueAsString(plan.notes()))
                .param("actor", actor)
                .param("valid", VALID.toSeconds())
                .query(OffsetDateTime.class)
                .single();
    }

    private Optional<Row> find(UUID workspaceId, UUID id) {
        return control.jdbc()
                .sql("""
                        SELECT job, parameters, world, counts, expires_at <= clock_timestamp() AS expired, job_instance_id
                        FROM plans WHERE workspace_id = :workspace AND id = :id
                        """)
                .param("workspace", workspaceId)
                .param("id", id)
                .query((row, number) -> new Row(
                        row.getString("job"),
                        JSON.readValue(row.getString("parameters"), new TypeReference<Map<String, String>>() {}),
                        row.getString("world"),
                        JSON.readValue(row.getString("counts"), new TypeReference<Map<String, Long>>() {}),
                        row.getBoolean("expired"),
                        row.getObject("job_instance_id", Long.class)))
                .optional();
    }

    private Row get(UUID workspaceId, String job, UUID id) {
        return control.call(() -> find(workspaceId, id))
                .filter(row -> row.job().equals(job))
                .orElseThrow(() -> new UnknownPlan(id, job));
    }

    /// The request with the parameters of its plan.
    ///
    /// @throws UnknownPlan when there is none
    /// @throws RunConflict when the request gives a parameter another value
    LaunchRequest complete(LaunchRequest request, UUID id) {
        Row row = get(request.workspaceId(), request.job(), id);
        request.parameters().forEach((name, value) -> {
            String planned = row.parameters().get(name);
            if (!value.equals(planned)) {
                throw new RunConflict("the plan has " + name + " = \"" + planned + "\", the launch \"" + value
                        + "\": leave parameters out, or make a plan with these");
            }
        });
        return request.withParameters(row.parameters());
    }

    /// @throws RunConflict when the plan was applied or has expired, or the world has moved since
    void check(LaunchRequest request, UUID id) {
        Row row = get(request.workspaceId(), request.job(), id);
        if (row.instanceId() != null) {
            throw used(id);
        }
        if (row.expired()) {
            throw new RunConflict("plan " + id + " has expired: make a new one");
        }
        Plan now = planner(request.job()).plan(request.workspaceId(), row.parameters());
        if (!now.world().equals(row.world())) {
            throw new RunConflict("the world has changed since plan " + id + ": " + changes(row.counts(), now.counts())
                    + ". Make a new plan");
        }
    }

    private static RunConflict used(UUID id) {
        return new RunConflict("plan " + id + " was applied already: make a new one");
    }

    private static String changes(Map<String, Long> before, Map<String, Long> now) {
        TreeSet<String> names = new TreeSet<>(before.keySet());
        names.addAll(now.keySet());
        List<String> changes = new ArrayList<>();
        for (String name : names) {
            long old = before.getOrDefault(name, 0L);
            long current = now.getOrDefault(name, 0L);
            if (old != current) {
                changes.add(name + " were " + old + " and are " + current);
            }
        }
        return changes.isEmpty() ? "the numbers are the same, what they count is not" : String.join(", ", changes);
    }

    /// Marks the plan as applied by a launch, in the caller's transaction.
    ///
    /// @throws RunConflict when another launch was first
    void use(UUID workspaceId, UUID id, long instanceId) {
        int rows = control.jdbc()
                .sql("""
                        UPDATE plans SET job_instance_id = :instance
                        WHERE workspace_id = :workspace AND id = :id AND job_instance_id IS NULL
                        """)
                .param("instance", instanceId)
                .param("workspace", workspaceId)
                .param("id", id)
                .update();
        if (rows != 1) {
            throw used(id);
        }
    }
}
