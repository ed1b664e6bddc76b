package dev.tidemill.store;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Vector sets and which of them is live. Everything that decides over a project's sets locks the project's row
/// first, as publishing does: what a query sees changes in one transaction at a time.
public final class VectorSets {

    private final Workspaces workspaces;
    private final JdbcClient jdbc;
    private final Vectors vectors;

    public VectorSets(Workspaces workspaces, JdbcTemplate template) {
        this.workspaces = workspaces;
        this.jdbc = JdbcClient.create(template);
        this.vectors = new Vectors(workspaces, template);
    }

    /// What a set is made by.
    ///
    /// @param probes vectors of fixed texts
    /// @param configHash of the settings of the job that makes it
    public record Recipe(
            String model,
            String fingerprint,
            int dimensions,
            VectorSet.Type type,
            String configHash,
            List<float[]> probes) {}

    /// A set as its operators see it.
    ///
    /// @param replaces the set that a rollback goes back to
    /// @param recall share of the true nearest ten that the index finds
    /// @param progress how far the index is
    /// @param bytes of its table and index
    public record Shown(
            long id,
            UUID projectId,
            String project,
            String model,
            String fingerprint,
            int dimensions,
            String type,
            String state,
            String configHash,
            @Nullable Long launchId,
            @Nullable Long replaces,
            @Nullable Integer efSearch,
            @Nullable Double recall,
            @Nullable String progress,
            boolean indexed,
            long rows,
            long bytes,
            OffsetDateTime createdAt,
            @Nullable OffsetDateTime liveAt,
            @Nullable OffsetDateTime soakUntil,
            @Nullable OffsetDateTime retiredAt) {}

    /// The sets that every new text needs a vector in, the live one last.
    public List<VectorSet> active(UUID workspaceId, UUID projectId) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT %s FROM vector_sets s
                        WHERE s.workspace_id = :workspace AND s.project_id = :project AND s.state <> 'retired'
                        ORDER BY s.state = 'live', s.id
                        """.formatted(VectorSet.COLUMNS))
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .query(VectorSet::read)
                        .list());
    }

    public Optional<VectorSet> live(UUID workspaceId, UUID projectId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT %s FROM vector_sets s
                        WHERE s.workspace_id = :workspace AND s.project_id = :project AND s.state = 'live'
                        """.formatted(VectorSet.COLUMNS))
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .query(VectorSet::read)
                        .optional());
    }

    /// The set that a launch makes.
    public Optional<VectorSet> ofLaunch(UUID workspaceId, long launchId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT %s FROM vector_sets s WHERE s.workspace_id = :workspace AND s.launch_id = :launch
                        """.formatted(VectorSet.COLUMNS))
                        .param("workspace", workspaceId)
                        .param("launch", launchId)
                        .query(VectorSet::read)
                        .optional());
    }

    public Optional<VectorSet> find(UUID workspaceId, long id) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("SELECT %s FROM vector_sets s WHERE s.workspace_id = :workspace AND s.id = :id"
                                .formatted(VectorSet.COLUMNS))
                        .param("workspace", workspaceId)
                        .param("id", id)
                        .query(VectorSet::read)
                        .optional());
    }

    /// The live set of the project; the first one is made by the given model.
    public VectorSet liveOrFirst(Project project, String model, String fingerprint, int dimensions) {
        return workspaces.callAlone(project.workspaceId(), () -> {
            // The row lock lets two first ingests of one project make one set.
            lock(project.workspaceId(), project.id());
            return live(project.workspaceId(), project.id()).orElseGet(() -> {
                Recipe recipe = new Recipe(model, fingerprint, dimensions, VectorSet.Type.HALFVEC, "", List.of());
                VectorSet made = insert(project.workspaceId(), project.id(), recipe, null, VectorSet.State.LIVE);
                point(project.workspaceId(), project.id(), made.id());
                return made;
            });
        });
    }

    /// Makes a set to be filled, in the caller's transaction.
    ///
    /// @param launchId of the launch that makes it: made before, it is only found
    public VectorSet build(UUID workspaceId, UUID projectId, long launchId, Recipe recipe) {
        lock(workspaceId, projectId);
        return ofLaunch(workspaceId, launchId)
                .orElseGet(() -> insert(workspaceId, projectId, recipe, launchId, VectorSet.State.BUILDING));
    }

    /// A set that comes from another installation, with all its vectors.
    ///
    /// @param soakUntil how long it is kept beside the live one, null for as long as an operator lets it
    public record Imported(
            Recipe recipe,
            VectorSet.State state,
            @Nullable Integer efSearch,
            @Nullable Double recall,
            @Nullable String soakUntil) {}

    /// Makes a set as it was elsewhere, in the caller's transaction. A live one replaces the one that soaks.
    public VectorSet imported(UUID workspaceId, UUID projectId, Imported set) {
        lock(workspaceId, projectId);
        VectorSet made = insert(workspaceId, projectId, set.recipe(), null, set.state());
        jdbc.sql("""
                        UPDATE vector_sets SET ef_search = :ef, measured_recall = :recall,
                          soak_until = CASE WHEN state <> 'live' THEN CAST(:soak AS timestamptz) END,
                          replaces = CASE WHEN state = 'live' THEN
                            (SELECT max(id) FROM vector_sets o WHERE o.workspace_id = :workspace AND o.project_id = :project
                               AND o.state = 'soaking') END
                        WHERE workspace_id = :workspace AND id = :set
                        """)
                .param("ef", set.efSearch(), java.sql.Types.INTEGER)
                .param("recall", set.recall(), java.sql.Types.DOUBLE)
                .param("soak", set.soakUntil(), java.sql.Types.VARCHAR)
                .param("workspace", workspaceId)
                .param("project", projectId)
                .param("set", made.id())
                .update();
        if (made.live()) {
            point(workspaceId, projectId, made.id());
        }
        return made;
    }

    private VectorSet insert(
            UUID workspaceId, UUID projectId, Recipe recipe, @Nullable Long launchId, VectorSet.State state) {
        long id = jdbc.sql("""
                        INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions, type, config_hash, launch_id,
                          probes, state, live_at)
                        VALUES (:workspace, :project, :model, :fingerprint, :dimensions, :type, :config, :launch, :probes, :state,
                          CASE CAST(:state AS text) WHEN 'live' THEN now() END)
                        RETURNING id
                        """)
                .param("workspace", workspaceId)
                .param("project", projectId)
                .param("model", recipe.model())
                .param("fingerprint", recipe.fingerprint())
                .param("dimensions", recipe.dimensions())
                .param("type", recipe.type().column())
                .param("config", recipe.configHash())
                .param("launch", launchId, java.sql.Types.BIGINT)
                .param("probes", recipe.probes().isEmpty() ? null : joined(recipe.probes()), java.sql.Types.BINARY)
                .param("state", state.column())
                .query(Long.class)
                .single();
        call("create_vector_set_table", id);
        return new VectorSet(id, recipe.model(), recipe.fingerprint(), recipe.dimensions(), recipe.type(), state, null);
    }

    private void call(String function, long set) {
        jdbc.sql("SELECT " + function + "(:set)::text")
                .param("set", set)
                .query(String.class)
                .optional();
    }

    private void lock(UUID workspaceId, UUID projectId) {
        jdbc.sql("SELECT id FROM projects WHERE workspace_id = :workspace AND id = :project FOR UPDATE")
                .param("workspace", workspaceId)
                .param("project", projectId)
                .query(UUID.class)
                .single();
    }

    private void point(UUID workspaceId, UUID projectId, long set) {
        jdbc.sql("""
                        UPDATE projects SET live_set_id = :set, corpus_generation = corpus_generation + 1, updated_at = now()
                        WHERE workspace_id = :workspace AND id = :project
                        """)
                .param("set", set)
                .param("workspace", workspaceId)
                .param("project", projectId)
                .update();
    }

    /// What became of a switch.
    ///
    /// @param missing texts that have no vector in the set: with more than are allowed nothing was switched
    /// @param from the set that was live before
    public record Switched(
            boolean done, long missing, @Nullable Long from) {}

    /// Lets the set answer queries and the live one soak, in the caller's transaction. A set that is live already
    /// stays so.
    ///
    /// @param mayMiss texts that may be without a vector in it
    /// @param soak how long the old set can be gone back to
    /// @throws SetConflict when the set is retired
    public Switched switchTo(UUID workspaceId, UUID projectId, long setId, long mayMiss, Duration soak) {
        lock(workspaceId, projectId);
        VectorSet set = find(workspaceId, setId)
                .orElseThrow(() -> new SetConflict("there is no vector set " + setId + " in this workspace"));
        switch (set.state()) {
            case LIVE -> {
                return new Switched(true, 0, null);
            }
            case RETIRED -> throw new SetConflict("vector set " + setId + " is retired: its vectors are gone");
            case BUILDING, HELD, SOAKING -> {}
        }
        long missing = vectors.missingNow(workspaceId, projectId, set);
        if (missing > mayMiss) {
            return new Switched(false, missing, null);
        }
        Long from = jdbc.sql("""
                        UPDATE vector_sets
                        SET state = 'soaking', soak_until = clock_timestamp() + make_interval(secs => :soak)
                        WHERE workspace_id = :workspace AND project_id = :project AND state = 'live' RETURNING id
                        """)
                .param("soak", soak.toMillis() / 1000.0)
                .param("workspace", workspaceId)
                .param("project", projectId)
                .query(Long.class)
                .optional()
                .orElse(null);
        jdbc.sql("""
                        UPDATE vector_sets
                        SET state = 'live', live_at = clock_timestamp(), soak_until = NULL, progress = NULL, replaces = :from
                        WHERE workspace_id = :workspace AND id = :set
                        """)
                .param("from", from, java.sql.Types.BIGINT)
                .param("workspace", workspaceId)
                .param("set", setId)
                .update();
        point(workspaceId, projectId, setId);
        return new Switched(true, missing, from);
    }

    /// Goes back to the set that was live before, while it soaks, in the caller's transaction.
    ///
    /// @return the set that is live now
    /// @throws SetConflict when there is nothing to go back to
    public VectorSet rollback(UUID workspaceId, UUID projectId, Duration soak) {
        lock(workspaceId, projectId);
        VectorSet live = live(workspaceId, projectId)
                .orElseThrow(() -> new SetConflict("the project has no vector set yet: ingest something"));
        Long before = jdbc.sql("SELECT replaces FROM vector_sets WHERE workspace_id = :workspace AND id = :set")
                .param("workspace", workspaceId)
                .param("set", live.id())
                .query((row, n) -> row.getObject(1, Long.class))
                .optional()
                .orElse(null);
        if (before == null) {
            throw new SetConflict("vector set " + live.id() + " replaced no other: there is nothing to go back to");
        }
        VectorSet old = find(workspaceId, before).orElseThrow();
        if (old.state() != VectorSet.State.SOAKING) {
            throw new SetConflict("vector set " + before + " is " + old.state().column()
                    + ": only while it soaks can it be gone back to");
        }
        Switched switched = switchTo(workspaceId, projectId, before, 0, soak);
        if (!switched.done()) {
            throw new SetConflict("vector set " + before + " lacks the vectors of " + switched.missing()
                    + " texts: wait until the ingest that brings them has ended");
        }
        return find(workspaceId, before).orElseThrow();
    }

    /// Keeps a set that was built for an operator to decide about, in the caller's transaction.
    ///
    /// @param soak how long it is kept
    public void hold(UUID workspaceId, long setId, Duration soak) {
        jdbc.sql("""
                        UPDATE vector_sets
                        SET state = 'held', progress = NULL, soak_until = clock_timestamp() + make_interval(secs => :soak)
                        WHERE workspace_id = :workspace AND id = :set AND state = 'building'
                        """)
                .param("soak", soak.toMillis() / 1000.0)
                .param("workspace", workspaceId)
                .param("set", setId)
                .update();
    }

    /// Drops a set's vectors, in the caller's transaction. A retired set stays so.
    ///
    /// @param evenSoaking whether one that could still be gone back to may go too
    /// @throws SetConflict when it is live, or still soaking
    public void retire(UUID workspaceId, UUID projectId, long setId, boolean evenSoaking) {
        lock(workspaceId, projectId);
        VectorSet set = find(workspaceId, setId)
                .orElseThrow(() -> new SetConflict("there is no vector set " + setId + " in this workspace"));
        switch (set.state()) {
            case LIVE -> throw new SetConflict("vector set " + setId + " is live: switch to another one first");
            case SOAKING -> {
                if (!evenSoaking && !soaked(workspaceId, setId)) {
                    throw new SetConflict("vector set " + setId + " soaks: it can still be gone back to");
                }
            }
            case BUILDING, HELD -> {}
            case RETIRED -> {
                return;
            }
        }
        jdbc.sql("""
                        UPDATE vector_sets SET state = 'retired', retired_at = clock_timestamp(), progress = NULL
                        WHERE workspace_id = :workspace AND id = :set
                        """).param("workspace", workspaceId).param("set", setId).update();
        call("drop_vector_set_table", setId);
    }

    private boolean soaked(UUID workspaceId, long setId) {
        return jdbc.sql("""
                        SELECT coalesce(soak_until <= clock_timestamp(), true) FROM vector_sets
                        WHERE workspace_id = :workspace AND id = :set
                        """)
                .param("workspace", workspaceId)
                .param("set", setId)
                .query(Boolean.class)
                .single();
    }

    /// Sets of the project, or of all projects of the workspace, whose time to be gone back to is over.
    ///
    /// @param projectId null for all
    public List<Shown> soaked(UUID workspaceId, @Nullable UUID projectId) {
        return list(workspaceId, projectId).stream()
                .filter(set -> set.state().equals("soaking") || set.state().equals("held"))
                .filter(set ->
                        set.soakUntil() != null && workspaces.call(workspaceId, () -> soaked(workspaceId, set.id())))
                .toList();
    }

    /// Sets, newest first.
    ///
    /// @param projectId null for those of all projects
    public List<Shown> list(UUID workspaceId, @Nullable UUID projectId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT s.id, s.project_id, p.slug AS project, s.model, s.fingerprint, s.dimensions, s.type, s.state,
                               s.config_hash, s.launch_id, s.replaces, s.ef_search, s.measured_recall AS recall, s.progress,
                               to_regclass('vectors_' || s.id || '_hnsw') IS NOT NULL AS indexed,
                               coalesce(t.reltuples, 0)::bigint AS rows,
                               coalesce(pg_total_relation_size(t.oid), 0) AS bytes,
                               s.created_at, s.live_at, s.soak_until, s.retired_at
                        FROM vector_sets s
                        JOIN projects p ON p.workspace_id = s.workspace_id AND p.id = s.project_id
                        LEFT JOIN pg_class t ON t.oid = to_regclass('vectors_' || s.id)
                        WHERE s.workspace_id = :workspace
                          AND (CAST(:project AS uuid) IS NULL OR s.project_id = :project)
                        ORDER BY s.id DESC LIMIT 200
                        """)
                        .param("workspace", workspaceId)
                        .param("project", projectId, java.sql.Types.OTHER)
                        .query(Shown.class)
                        .list());
    }

    /// The vectors that the set's model gave for fixed texts when it was made; empty when they were not kept.
    public List<float[]> probes(UUID workspaceId, VectorSet set) {
        byte[] stored = workspaces.call(
                workspaceId,
                () -> jdbc.sql("SELECT probes FROM vector_sets WHERE workspace_id = :workspace AND id = :set")
                        .param("workspace", workspaceId)
                        .param("set", set.id())
                        .query((row, n) -> Optional.ofNullable(row.getBytes(1)))
                        .optional()
                        .flatMap(probes -> probes)
                        .orElse(new byte[0]));
        List<float[]> probes = new ArrayList<>();
        int one = set.dimensions() * Float.BYTES;
        for (int at = 0; at + one <= stored.length; at += one) {
            float[] vector = new float[set.dimensions()];
            ByteBuffer.wrap(stored, at, one).asFloatBuffer().get(vector);
            probes.add(vector);
        }
        return probes;
    }

    /// Keeps them for a set that has none.
    public void probes(UUID workspaceId, VectorSet set, List<float[]> probes) {
        workspaces.run(
                workspaceId,
                () -> jdbc.sql("""
                        UPDATE vector_sets SET probes = :probes
                        WHERE workspace_id = :workspace AND id = :set AND probes IS NULL
                        """)
                        .param("probes", joined(probes))
                        .param("workspace", workspaceId)
                        .param("set", set.id())
                        .update());
    }

    private static byte[] joined(List<float[]> vectors) {
        ByteBuffer buffer = ByteBuffer.allocate(
                vectors.stream().mapToInt(vector -> vector.length * Float.BYTES).sum());
        vectors.forEach(vector -> buffer.put(Vectors.bytes(vector)));
        return buffer.array();
    }

    /// Notes how far the making of the set is, in a transaction of its own.
    public void progress(UUID workspaceId, long setId, @Nullable String progress) {
        workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql(
                                "UPDATE vector_sets SET progress = :progress WHERE workspace_id = :workspace AND id = :set")
                        .param("progress", progress, java.sql.Types.VARCHAR)
                        .param("workspace", workspaceId)
                        .param("set", setId)
                        .update());
    }

    /// Keeps how its index is to be walked, in the caller's transaction; there is no progress to tell any more.
    public void tuned(UUID workspaceId, long setId, int efSearch, double recall) {
        jdbc.sql("""
                        UPDATE vector_sets SET ef_search = :ef, measured_recall = :recall, progress = NULL
                        WHERE workspace_id = :workspace AND id = :set
                        """)
                .param("ef", efSearch)
                .param("recall", recall)
                .param("workspace", workspaceId)
                .param("set", setId)
                .update();
    }
}
