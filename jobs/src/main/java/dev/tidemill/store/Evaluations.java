package dev.tidemill.store;

import dev.tidemill.store.GoldenSets.Expected;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// Evaluations: what a vector set found for every question of a golden set. Which questions are still to be asked
/// follows from the answers that are there.
public final class Evaluations {

    /// Stands for a sample of real questions in the place of a golden set.
    public static final long SAMPLE = 0;

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final TypeReference<TreeMap<String, Double>> METRICS = new TypeReference<>() {};

    private final Workspaces workspaces;
    private final JdbcClient jdbc;

    public Evaluations(Workspaces workspaces, JdbcClient jdbc) {
        this.workspaces = workspaces;
        this.jdbc = jdbc;
    }

    /// What is to be evaluated.
    ///
    /// @param goldenSetId [#SAMPLE] for real questions
    /// @param mode how is searched
    public record Opening(
            UUID workspaceId,
            UUID projectId,
            long launchId,
            long runId,
            VectorSet set,
            long goldenSetId,
            String goldenSet,
            String mode,
            boolean canary,
            Map<String, Object> config) {}

    /// An evaluation.
    ///
    /// @param generation of the corpus when it began
    /// @param metrics by name, empty while it goes on
    public record Evaluation(
            long id,
            UUID projectId,
            String project,
            long setId,
            String model,
            long goldenSetId,
            String goldenSet,
            String mode,
            long runId,
            long launchId,
            long generation,
            int questions,
            boolean canary,
            Map<String, Double> metrics,
            OffsetDateTime createdAt,
            @Nullable OffsetDateTime doneAt) {}

    /// A question that an evaluation has not asked yet.
    ///
    /// @param expected empty for a real question, which nobody judged
    public record Open(
            long evaluationId,
            long setId,
            String project,
            String mode,
            String key,
            String question,
            List<Expected> expected) {}

    /// What was found.
    ///
    /// @param found keys of documents, best first; of chunks for a real question
    /// @param ndcg of the first ten, null where nothing is judged, as are the following ones
    /// @param recall of the first ten
    /// @param recallDeep of all that were asked for
    /// @param spanHit null where no span is judged
    public record Answer(
            long evaluationId,
            String key,
            String question,
            List<String> found,
            @Nullable Double ndcg,
            @Nullable Double recall,
            @Nullable Double recallDeep,
            @Nullable Double reciprocalRank,
            @Nullable Boolean spanHit,
            double millis) {}

    /// Begins an evaluation, in the caller's transaction; one that was begun for the same launch is gone on with.
    public long open(Opening opening) {
        return jdbc.sql("""
                        INSERT INTO evaluation_runs (workspace_id, project_id, set_id, run_id, config, metrics, golden_set_id,
                          golden_set, launch_id, mode, model, generation, canary)
                        SELECT :workspace, :project, :set, :run, CAST(:config AS jsonb), '{}', :golden, :name, :launch, :mode,
                               :model, p.corpus_generation, :canary
                        FROM projects p WHERE p.workspace_id = :workspace AND p.id = :project
                        ON CONFLICT (workspace_id, launch_id, set_id, golden_set_id, mode) DO UPDATE SET run_id = excluded.run_id
                        RETURNING id
                        """)
                .param("workspace", opening.workspaceId())
                .param("project", opening.projectId())
                .param("set", opening.set().id())
                .param("run", opening.runId())
                .param("config", JSON.writeValueAsString(opening.config()))
                .param("golden", opening.goldenSetId())
                .param("name", opening.goldenSet())
                .param("launch", opening.launchId())
                .param("mode", opening.mode())
                .param("model", opening.set().model())
                .param("canary", opening.canary())
                .query(Long.class)
                .single();
    }

    private static final String UNANSWERED = """
            FROM evaluation_runs e
            JOIN projects p ON p.workspace_id = e.workspace_id AND p.id = e.project_id
            CROSS JOIN LATERAL (
              SELECT g.key, g.question, g.expected::text AS expected FROM golden_questions g
              WHERE g.workspace_id = e.workspace_id AND g.golden_set_id = e.golden_set_id
              UNION ALL
              (SELECT a.question_id::text, a.question, '[]' FROM asked_questions a
               WHERE e.golden_set_id = 0 AND a.workspace_id = e.workspace_id AND a.project_id = e.project_id
                 AND a.first_asked_at <= e.created_at
               ORDER BY a.first_asked_at DESC LIMIT :sample)) q
            WHERE e.workspace_id = :workspace AND e.launch_id = :launch AND e.done_at IS NULL
              AND NOT EXISTS (SELECT FROM evaluation_answers x
                              WHERE x.workspace_id = e.workspace_id AND x.evaluation_id = e.id AND x.key = q.key)
            """;

    /// Questions that the evaluations of a launch have not asked yet, evaluation by evaluation.
    ///
    /// @param afterEvaluation 0 for the first page
    /// @param sample real questions asked of each set, at most
    public List<Open> unanswered(
            UUID workspaceId, long launchId, long afterEvaluation, String afterKey, int sample, int limit) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("SELECT e.id, e.set_id, p.slug, e.mode, q.key, q.question, q.expected " + UNANSWERED
                                + """
                          AND (e.id, q.key) > (:evaluation, :key)
                        ORDER BY e.id, q.key LIMIT :limit
                        """)
                        .param("sample", sample)
                        .param("workspace", workspaceId)
                        .param("launch", launchId)
                        .param("evaluation", afterEvaluation)
                        .param("key", afterKey)
                        .param("limit", limit)
                        .query((row, n) -> new Open(
                                row.getLong(1),
                                row.getLong(2),
                                row.getString(3),
                                row.getString(4),
                                row.getString(5),
                                row.getString(6),
                                GoldenSets.expected(row.getString(7))))
                        .list());
    }

    public long countUnanswered(UUID workspaceId, long launchId, int sample) {
        return workspaces.callAlone(
                workspaceId,
                () -> jdbc.sql("SELECT count(*) " + UNANSWERED)
                        .param("sample", sample)
                        .param("workspace", workspaceId)
                        .param("launch", launchId)
                        .query(Long.class)
                        .single());
    }

    /// Stores answers, in the caller's transaction. What is there already stays.
    public void record(UUID workspaceId, List<? extends Answer> answers) {
        for (Answer answer : answers) {
            jdbc.sql("""
                            INSERT INTO evaluation_answers (workspace_id, evaluation_id, key, question, found, ndcg, recall,
                              recall_deep, reciprocal_rank, span_hit, millis)
                            VALUES (:workspace, :evaluation, :key, :question, :found, :ndcg, :recall, :deep, :rank, :span, :millis)
                            ON CONFLICT DO NOTHING
                            """)
                    .param("workspace", workspaceId)
                    .param("evaluation", answer.evaluationId())
                    .param("key", answer.key())
                    .param("question", answer.question())
                    .param("found", answer.found().toArray(String[]::new))
                    .param("ndcg", answer.ndcg(), java.sql.Types.DOUBLE)
                    .param("recall", answer.recall(), java.sql.Types.DOUBLE)
                    .param("deep", answer.recallDeep(), java.sql.Types.DOUBLE)
                    .param("rank", answer.reciprocalRank(), java.sql.Types.DOUBLE)
                    .param("span", answer.spanHit(), java.sql.Types.BOOLEAN)
                    .param("millis", answer.millis())
                    .update();
        }
    }

    /// The answers of an evaluation, in the order of their keys.
    public List<Answer> answers(UUID workspaceId, long evaluationId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT key, question, found, ndcg, recall, recall_deep, reciprocal_rank, span_hit, millis
                        FROM evaluation_answers WHERE workspace_id = :workspace AND evaluation_id = :evaluation ORDER BY key
                        """)
                        .param("workspace", workspaceId)
                        .param("evaluation", evaluationId)
                        .query((row, n) -> new Answer(
                                evaluationId,
                                row.getString("key"),
                                row.getString("question"),
                                Arrays.stream((Object[]) row.getArray("found").getArray())
                                        .map(String::valueOf)
                                        .toList(),
                                row.getObject("ndcg", Double.class),
                                row.getObject("recall", Double.class),
                                row.getObject("recall_deep", Double.class),
                                row.getObject("reciprocal_rank", Double.class),
                                row.getObject("span_hit", Boolean.class),
                                row.getDouble("millis")))
                        .list());
    }

    /// Ends an evaluation with its metrics, in the caller's transaction.
    public void finish(UUID workspaceId, long evaluationId, int questions, Map<String, Double> metrics) {
        jdbc.sql("""
                        UPDATE evaluation_runs
                        SET metrics = CAST(:metrics AS jsonb), questions = :questions, done_at = coalesce(done_at, clock_timestamp())
                        WHERE workspace_id = :workspace AND id = :evaluation
                        """)
                .param("metrics", JSON.writeValueAsString(metrics))
                .param("questions", questions)
                .param("workspace", workspaceId)
                .param("evaluation", evaluationId)
                .update();
    }

    private static final String SHOWN = """
            SELECT e.id, e.project_id, p.slug AS project, e.set_id, e.model, e.golden_set_id, e.golden_set, e.mode, e.run_id,
                   coalesce(e.launch_id, 0) AS launch_id, e.generation, e.questions, e.canary, e.metrics, e.created_at, e.done_at
            FROM evaluation_runs e JOIN projects p ON p.workspace_id = e.workspace_id AND p.id = e.project_id
            """;

    public Optional<Evaluation> find(UUID workspaceId, long id) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(SHOWN + "WHERE e.workspace_id = :workspace AND e.id = :id")
                        .param("workspace", workspaceId)
                        .param("id", id)
                        .query(Evaluations::evaluation)
                        .optional());
    }

    /// The evaluations of a launch.
    public List<Evaluation> ofLaunch(UUID workspaceId, long launchId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(SHOWN + "WHERE e.workspace_id = :workspace AND e.launch_id = :launch ORDER BY e.id")
                        .param("workspace", workspaceId)
                        .param("launch", launchId)
                        .query(Evaluations::evaluation)
                        .list());
    }

    /// Ended evaluations of a project, newest first.
    ///
    /// @param goldenSet null for all
    public List<Evaluation> list(UUID workspaceId, UUID projectId, @Nullable String goldenSet, int limit) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(SHOWN + """
                        WHERE e.workspace_id = :workspace AND e.project_id = :project AND e.done_at IS NOT NULL
                          AND (CAST(:golden AS text) IS NULL OR e.golden_set = :golden)
                        ORDER BY e.created_at DESC, e.id DESC LIMIT :limit
                        """)
                        .param("workspace", workspaceId)
                        .param("project", projectId)
                        .param("golden", goldenSet, java.sql.Types.VARCHAR)
                        .param("limit", limit)
                        .query(Evaluations::evaluation)
                        .list());
    }

    /// Notes that an evaluation is no yardstick for later ones, in the caller's transaction.
    public void fell(UUID workspaceId, long evaluationId) {
        jdbc.sql("UPDATE evaluation_runs SET fell = true WHERE workspace_id = :workspace AND id = :evaluation")
                .param("workspace", workspaceId)
                .param("evaluation", evaluationId)
                .update();
    }

    /// The last ended evaluation of the same golden set and mode before this one, on a set that was live then and
    /// without a fall.
    public Optional<Evaluation> before(UUID workspaceId, Evaluation evaluation) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql(SHOWN + """
                        JOIN vector_sets s ON s.workspace_id = e.workspace_id AND s.id = e.set_id
                        WHERE e.workspace_id = :workspace AND e.project_id = :project AND e.golden_set_id = :golden
                          AND e.mode = :mode AND e.id < :id AND e.done_at IS NOT NULL AND s.live_at IS NOT NULL AND NOT e.fell
                        ORDER BY e.id DESC LIMIT 1
                        """)
                        .param("workspace", workspaceId)
                        .param("project", evaluation.projectId())
                        .param("golden", evaluation.goldenSetId())
                        .param("mode", evaluation.mode())
                        .param("id", evaluation.id())
                        .query(Evaluations::evaluation)
                        .optional());
    }

    /// Projects with a canary set whose corpus has changed since that set was last asked.
    public List<String> changedSinceAsked(UUID workspaceId) {
        return workspaces.call(
                workspaceId,
                () -> jdbc.sql("""
                        SELECT p.slug FROM projects p
                        WHERE p.workspace_id = :workspace AND p.live_set_id IS NOT NULL
                          AND EXISTS (SELECT FROM golden_sets g
                                      WHERE g.workspace_id = p.workspace_id AND g.project_id = p.id AND g.canary
                                        AND NOT EXISTS (SELECT FROM evaluation_runs e
                                                        WHERE e.workspace_id = g.workspace_id AND e.project_id = g.project_id
                                                          AND e.golden_set_id = g.id AND e.generation >= p.corpus_generation
                                                          AND e.set_id = p.live_set_id AND e.done_at IS NOT NULL))
                        ORDER BY p.slug
                        """)
                        .param("workspace", workspaceId)
                        .query((row, n) -> row.getString(1))
                        .list());
    }

    private static Evaluation evaluation(java.sql.ResultSet row, int number) throws java.sql.SQLException {
        return new Evaluation(
                row.getLong("id"),
                row.getObject("project_id", UUID.class),
                row.getString("project"),
                row.getLong("set_id"),
                row.getString("model"),
                row.getLong("golden_set_id"),
                row.getString("golden_set"),
                row.getString("mode"),
                row.getLong("run_id"),
                row.getLong("launch_id"),
                row.getLong("generation"),
                row.getInt("questions"),
                row.getBoolean("canary"),
                JSON.readValue(row.getString("metrics"), METRICS),
                row.getObject("created_at", OffsetDateTime.class),
                row.getObject("done_at", OffsetDateTime.class));
    }
}
