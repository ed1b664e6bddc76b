package dev.tidemill.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.made.JobNode;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.prune.Retention.Rules;
import dev.tidemill.prune.Retention.Subject;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.RunView;
import dev.tidemill.store.Projects;
import dev.tidemill.store.Workspaces;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

/// Each kind on both sides of its border, to the microsecond, by times that are written down: of each there is one
/// whose
/// retention is over at the limit (`at`) and one whose is a microsecond later (`after`).
class PruneBorderTest {

    private static final Instant LIMIT = Instant.parse("2025-06-15T00:00:00Z");
    private static final Instant BEFORE = LIMIT.minusNanos(1_000);
    private static final Instant AFTER = LIMIT.plusNanos(1_000);
    /// Counts of days are of whole days.
    private static final Instant NEXT_DAY = LIMIT.plus(Duration.ofDays(1));

    private static final Map<PruneKind, Long> DUE = Map.ofEntries(
            Map.entry(PruneKind.EXPIRED, 2L),
            Map.entry(PruneKind.VERSIONS, 2L),
            Map.entry(PruneKind.DOCUMENTS, 1L),
            Map.entry(PruneKind.BLOBS, 1L),
            Map.entry(PruneKind.CACHE, 1L),
            Map.entry(PruneKind.LETTERS, 2L),
            Map.entry(PruneKind.HISTORY, 1L),
            Map.entry(PruneKind.PLANS, 1L),
            Map.entry(PruneKind.FIRES, 1L),
            Map.entry(PruneKind.QUERIES, 1L),
            Map.entry(PruneKind.USAGE, 1L),
            Map.entry(PruneKind.EVALUATIONS, 1L),
            Map.entry(PruneKind.ASKED, 1L),
            Map.entry(PruneKind.SETS, 2L));

    private static TestDatabase database;
    private static JobNode node;
    private static Retention retention;

    @BeforeAll
    static void start() {
        database = TestDatabase.create();
        node = new JobNode(database, Map.of(), PruneConfiguration.class);
        retention = new Retention(node.bean(Workspaces.class), node.bean(JdbcClient.class));
    }

    @AfterAll
    static void stop() {
        node.close();
        database.close();
    }

    @BeforeEach
    void fill() {
        node.execute("""
                SET TIME ZONE 'UTC';
                TRUNCATE sources, documents, blobs, embedding_cache, dead_letters, plans, schedule_fires, history, usage_counters,
                  evaluation_runs, asked_questions, legal_holds, retention_policies CASCADE;
                DELETE FROM launches WHERE job <> 'prune';
                DELETE FROM batch_job_instance WHERE job_instance_id < 0;
                DO $do$ DECLARE t text; BEGIN
                  FOR t IN SELECT relname FROM pg_class WHERE relname ~ '^vectors_[0-9]+$' LOOP EXECUTE 'DROP TABLE ' || t; END LOOP;
                END $do$;
                DELETE FROM vector_sets;
                CREATE TEMPORARY TABLE m AS
                  SELECT * FROM (VALUES ('at', timestamptz '$T'), ('after', timestamptz '$T' + interval '1 microsecond')) q (mark, t);
                INSERT INTO sources (workspace_id, project_id, type, location)
                  SELECT '$W', id, 'directory', l FROM projects, unnest(ARRAY['/plain', '/aged']) l WHERE slug = 'default';
                INSERT INTO retention_policies (workspace_id, project_id, source_id, max_age, set_by)
                  SELECT '$W', project_id, id, interval '720 hours', 't' FROM sources WHERE location = '/aged';
                INSERT INTO blobs (workspace_id, sha256, size, created_at) SELECT '$W', '\\x00', 1, min(t) - interval '900 days' FROM m;
                INSERT INTO blobs (workspace_id, sha256, size, created_at)
                  SELECT '$W', convert_to(mark, 'UTF8'), 1, t - interval '1 day' FROM m;
                INSERT INTO documents (workspace_id, project_id, source_id, key, version, published_version, created_at, deleted_at, ttl_expires_at)
                  SELECT '$W', s.project_id, s.id, q.key, q.versions, q.published, timestamptz '$T' - interval '900 days', q.deleted, q.ttl
                  FROM (SELECT '/plain' AS location, 'deleted ' || mark AS key, 1 AS versions, NULL::integer AS published,
                               t - interval '7 days' AS deleted, NULL::timestamptz AS ttl FROM m
                        UNION ALL SELECT '/plain', 'ends ' || mark, 1, 1, NULL, t FROM m
                        UNION ALL SELECT '/aged', 'aged ' || mark, 1, 1, NULL, NULL FROM m
                        UNION ALL SELECT '/plain', 'versions', 4, 4, NULL, NULL
                        UNION ALL SELECT '/plain', 'refused', 3, 3, NULL, NULL) q
                  JOIN sources s ON s.location = q.location;
                INSERT INTO document_versions (workspace_id, project_id, source_id, document_id, version, sha256, state, file_name, run_id,
                    chunk_count, valid_from, valid_to, created_at)
                  SELECT '$W', d.project_id, d.source_id, d.id, q.version, '\\x00', q.state, q.mark, 0, 0, q.since, q.until, q.since
                  FROM (SELECT 'deleted ' || mark AS key, 1 AS version, 'superseded' AS state, 'whole' AS mark,
                               t - interval '900 days' AS since, t - interval '7 days' AS until FROM m
                        UNION ALL SELECT 'ends ' || mark, 1, 'published', 'whole', t - interval '900 days', NULL FROM m
                        UNION ALL SELECT 'aged ' || mark, 1, 'published', 'whole', t - interval '30 days', NULL FROM m
                        UNION ALL SELECT 'versions', CASE mark WHEN 'at' THEN 1 ELSE 2 END, 'superseded', 'superseded ' || mark,
                               t - interval '40 days', t - interval '30 days' FROM m
                        UNION ALL SELECT 'versions', 3, 'superseded', 'whole', '$T'::timestamptz - interval '30 days', '$T' FROM m WHERE mark = 'at'
                        UNION ALL SELECT 'versions', 4, 'published', 'whole', '$T', NULL FROM m WHERE mark = 'at'
                        UNION ALL SELECT 'refused', CASE mark WHEN 'at' THEN 1 ELSE 2 END, 'refused', 'refused ' || mark,
                               t - interval '30 days', NULL FROM m
                        UNION ALL SELECT 'refused', 3, 'published', 'whole', '$T', NULL FROM m WHERE mark = 'at') q
                  JOIN documents d ON d.key = q.key;
                INSERT INTO embedding_cache (workspace_id, fingerprint, content_id, embedding, created_at)
                  SELECT '$W', mark, gen_random_uuid(), '\\x00', t - interval '30 days' FROM m;
                INSERT INTO dead_letters (workspace_id, job, step, item_key, run_id, reason, detail, state, resolved_at, decided_at)
                  SELECT '$W', 'ingest', 'extract', s.id || '/' || state || ' ' || mark, 1, 'R', state || ' ' || mark, state,
                         CASE state WHEN 'resolved' THEN t - interval '90 days' END, CASE state WHEN 'ignored' THEN t - interval '90 days' END
                  FROM m, unnest(ARRAY['resolved', 'ignored', 'open']) state, sources s WHERE s.location = '/plain';
                INSERT INTO batch_job_instance (job_instance_id, version, job_name, job_key) SELECT -length(mark), 0, mark, mark FROM m;
                INSERT INTO launches (workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash, requested_by,
                    requested_on, ended_at) SELECT '$W', -length(mark), mark, 's', 'failed', 'api', 'i', '', 'a', '$W', t - interval '90 days' FROM m;
                INSERT INTO plans (workspace_id, id, job, parameters, world, counts, tokens, cost, seconds, disk_bytes, notes, created_by,
                    expires_at) SELECT '$W', gen_random_uuid(), mark, '{}', 'w', '{}', 0, 0, 0, 0, '[]', 'a', t - interval '90 days' FROM m;
                INSERT INTO schedule_fires (workspace_id, schedule, fire, fire_time, outcome, decided_at)
                  SELECT '$W', 's', mark, t - interval '400 days', 'missed', t - interval '400 days' FROM m
                  UNION ALL SELECT '$W', 's', 'newest', timestamptz '$T', 'missed', timestamptz '$T' - interval '900 days';
                INSERT INTO history (workspace_id, command, input, output, created_at)
                  SELECT '$W', 'ask', mark, 'o', t - interval '90 days' FROM m;
                INSERT INTO usage_counters (workspace_id, day, requests)
                  SELECT '$W', (timestamptz '$T' AT TIME ZONE 'UTC')::date - 401 + n, n FROM generate_series(0, 1) n;
                INSERT INTO evaluation_runs (workspace_id, project_id, set_id, run_id, config, metrics, golden_set, done_at, fell, created_at)
                  SELECT '$W', p.id, 1, 1, '{}', '{}', q.mark, now(), false, q.t FROM projects p,
                    (SELECT mark, t - interval '400 days' AS t FROM m UNION ALL SELECT 'newest', timestamptz '$T' - interval '900 days' ORDER BY 1) q
                  WHERE p.slug = 'default' ORDER BY q.mark;
                INSERT INTO asked_questions (workspace_id, project_id, question_id, question, asked_at)
                  SELECT '$W', p.id, gen_random_uuid(), mark, t - interval '90 days' FROM projects p, m WHERE p.slug = 'default';
                INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions, state, retired_at, soak_until)
                  SELECT '$W', p.id, state || ' ' || mark, state || mark, 4, state, CASE state WHEN 'retired' THEN t - interval '7 days' END,
                         CASE state WHEN 'soaking' THEN t - interval '7 days' END
                  FROM projects p, m, unnest(ARRAY['retired', 'soaking']) state WHERE p.slug = 'default';
                DO $do$ BEGIN PERFORM create_vector_table(id, 4) FROM vector_sets; END $do$;
                DROP TABLE m
                """.replace("'$W'", "'" + node.workspaceId + "'::uuid").replace("$T", LIMIT.toString()));
    }

    /// What is there of each kind, by its mark.
    private static List<String> there(PruneKind kind) {
        String sql = switch (kind) {
            case EXPIRED -> "SELECT key FROM documents WHERE deleted_at IS NULL AND key ~ '^(ends|aged)'";
            case VERSIONS -> "SELECT file_name FROM document_versions WHERE file_name <> 'whole'";
            case DOCUMENTS -> "SELECT key FROM documents WHERE key LIKE 'deleted%'";
            case BLOBS -> "SELECT convert_from(sha256, 'UTF8') FROM blobs WHERE sha256 <> '\\x00'";
            case CACHE -> "SELECT fingerprint FROM embedding_cache";
            case LETTERS -> "SELECT detail FROM dead_letters WHERE state <> 'open'";
            case HISTORY -> "SELECT job FROM launches WHERE job <> 'prune'";
            case PLANS -> "SELECT job FROM plans WHERE job <> 'prune'";
            case FIRES -> "SELECT fire FROM schedule_fires WHERE fire <> 'newest'";
            case QUERIES -> "SELECT input FROM history";
            case USAGE -> "SELECT CASE requests WHEN 0 THEN 'at' ELSE 'after' END FROM usage_counters";
            case EVALUATIONS -> "SELECT golden_set FROM evaluation_runs WHERE golden_set <> 'newest'";
            case ASKED -> "SELECT question FROM asked_questions";
            case SETS -> "SELECT model FROM vector_sets WHERE to_regclass('vectors_' || id) IS NOT NULL";
        };
        return texts(sql);
    }

    private static List<String> texts(String sql) {
        return node.owner.sql(sql).query((row, number) -> row.getString(1)).list();
    }

    private static boolean anyAt(PruneKind kind) {
        return there(kind).stream().anyMatch(mark -> mark.endsWith("at"));
    }

    private static Map<PruneKind, Long> planned(Instant asOf) {
        Map<String, Long> counts =
                node.plan(Prune.JOB, Map.of("asOf", asOf.toString())).plan().counts();
        return Arrays.stream(PruneKind.values())
                .collect(Collectors.toMap(kind -> kind, kind -> Objects.requireNonNull(counts.get(kind.step()))));
    }

    private static RunView prune(Instant asOf) {
        RunView run = node.run(Prune.JOB, Map.of("asOf", asOf.toString()));
        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        return run;
    }

    @Test
    void everyKindStaysUntilItsLimitAndGoesAtIt() {
        assertThat(prune(BEFORE).message()).isEqualTo("nothing to remove");
        assertThat(planned(LIMIT)).isEqualTo(DUE);

        prune(LIMIT);

        for (PruneKind kind : PruneKind.values()) {
            assertThat(there(kind))
                    .as("%s", kind)
                    .hasSize(DUE.getOrDefault(kind, 0L).intValue());
            assertThat(anyAt(kind)).as("%s", kind).isFalse();
        }
        assertThat(node.number("SELECT count(*) FROM dead_letters WHERE state = 'open'"))
                .isEqualTo(2);
        prune(AFTER);
        for (PruneKind kind : PruneKind.values()) {
            assertThat(there(kind)).as("%s", kind).hasSize(kind == PruneKind.USAGE ? 1 : 0);
        }
        prune(NEXT_DAY.minusNanos(1_000));
        assertThat(there(PruneKind.USAGE)).containsExactly("after");
        prune(NEXT_DAY);
        assertThat(there(PruneKind.USAGE)).isEmpty();
    }

    @Test
    void asManyVersionsStayAsAPolicyKeepsAndTheOneBeyondGoes() {
        Subject all = new Subject(null, null, null);
        node.execute(
                "UPDATE document_versions SET valid_to = valid_to - interval '100 days' WHERE state = 'superseded'");

        for (int keep = 3; keep >= 0; keep--) {
            retention.set(node.workspaceId, all, new Rules(keep, Duration.ZERO, null, null), "t");
            prune(BEFORE);
            assertThat(node.number("SELECT count(*) FROM document_versions v JOIN documents d ON d.id = v.document_id"
                            + " WHERE d.key = 'versions' AND v.state = 'superseded'"))
                    .isEqualTo(keep);
        }
        assertThat(node.number("SELECT count(*) FROM document_versions v JOIN documents d ON d.id = v.document_id"
                        + " WHERE d.key = 'versions' AND v.state = 'published'"))
                .isEqualTo(1);
    }

    @Test
    void aDocumentCanBeBroughtBackUntilAPruneAtTheEndOfItsUndoWindow() {
        Subject deleted = new Subject("default", null, "deleted at");
        prune(BEFORE);
        retention.bringBack(node.workspaceId, deleted, "t");
        prune(LIMIT);
        assertThat(there(PruneKind.DOCUMENTS)).containsExactlyInAnyOrder("deleted at", "deleted after");

        node.execute("UPDATE documents SET deleted_at = '" + LIMIT
                + "'::timestamptz - interval '7 days' WHERE key = 'deleted at'");
        prune(LIMIT);

        assertThatThrownBy(() -> retention.bringBack(node.workspaceId, deleted, "t"))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("has no document \"deleted at\"");
    }

    /// Exhaustive, so that whoever adds a kind decides.
    private static boolean held(PruneKind kind) {
        return switch (kind) {
            case EXPIRED, VERSIONS, DOCUMENTS, LETTERS, EVALUATIONS, ASKED -> true;
            case BLOBS, CACHE, HISTORY, PLANS, FIRES, QUERIES, USAGE, SETS -> false;
        };
    }

    @Test
    void aHoldOnAProjectKeepsWhatIsOfItAndNothingElse() {
        UUID hold = retention.hold(node.workspaceId, new Subject("default", null, null), "a dispute", "t");
        assertThat(planned(LIMIT))
                .allSatisfy((kind, count) ->
                        assertThat(count).as("%s", kind).isEqualTo(held(kind) ? 0 : DUE.getOrDefault(kind, -1L)));

        prune(LIMIT);

        for (PruneKind kind : PruneKind.values()) {
            assertThat(anyAt(kind)).as("%s", kind).isEqualTo(held(kind));
        }
        assertThat(retention.release(node.workspaceId, hold, "settled", "t")).isTrue();
        prune(LIMIT);
        for (PruneKind kind : PruneKind.values()) {
            assertThat(anyAt(kind)).as("%s", kind).isFalse();
        }
    }

    private static List<String> letters() {
        return texts("SELECT detail FROM dead_letters WHERE detail LIKE 'held%' ORDER BY 1");
    }

    @Test
    void aHoldOnASourceOrADocumentKeepsItsLettersAndNoOthers() {
        node.execute("""
                INSERT INTO dead_letters (workspace_id, job, step, item_key, version_id, run_id, reason, detail, state, resolved_at)
                SELECT '$W', q.job, 's', q.key, q.version, 1, 'R', 'held ' || q.detail, 'resolved', '$T'::timestamptz - interval '2160 hours'
                FROM sources s JOIN documents d ON d.source_id = s.id AND d.key = 'versions' CROSS JOIN LATERAL (VALUES
                  ('ingest', s.id || '/versions', NULL::bigint, '1 ingested'),
                  ('import', s.project_id || '/' || s.location || '/versions', NULL, '2 imported'),
                  ('prune', 'versions/1', (SELECT min(id) FROM document_versions v WHERE v.document_id = d.id), '3 version'),
                  ('ingest', s.id || '/versions of another', NULL, '4 other, never made'),
                  ('ingest', gen_random_uuid() || '/versions', NULL, '5 other source'),
                  ('evaluate', 'default/1/versions', NULL, '6 question')) q (job, key, version, detail)
                """.replace("'$W'", "'" + node.workspaceId + "'::uuid").replace("$T", LIMIT.toString()));
        UUID source = node.owner
                .sql("SELECT id FROM sources WHERE location = '/plain'")
                .query(UUID.class)
                .single();
        UUID ofDocument = retention.hold(node.workspaceId, new Subject("default", null, "versions"), "a dispute", "t");
        UUID ofSource = retention.hold(node.workspaceId, new Subject("default", source, null), "another", "t");

        prune(LIMIT);

        assertThat(letters())
                .containsExactly("held 1 ingested", "held 2 imported", "held 3 version", "held 4 other, never made");
        assertThat(there(PruneKind.VERSIONS)).hasSize(4);
        assertThat(there(PruneKind.EXPIRED)).containsExactlyInAnyOrder("ends at", "ends after", "aged after");
        assertThat(there(PruneKind.ASKED)).containsExactly("after");
        retention.release(node.workspaceId, ofSource, "settled", "t");
        prune(LIMIT);
        assertThat(letters()).containsExactly("held 1 ingested", "held 2 imported", "held 3 version");
        assertThat(there(PruneKind.VERSIONS))
                .containsExactlyInAnyOrder("superseded at", "superseded after", "refused after");
        retention.release(node.workspaceId, ofDocument, "settled", "t");
        prune(LIMIT);
        assertThat(letters()).isEmpty();
        assertThat(there(PruneKind.VERSIONS)).containsExactlyInAnyOrder("superseded after", "refused after");
    }

    @Test
    void aPruneOfTheInstallationTakesItsOwnHistoryAndNoneOfAWorkspace() {
        UUID installation = LaunchRequest.INSTALLATION;
        node.execute("""
                INSERT INTO batch_job_instance (job_instance_id, version, job_name, job_key) VALUES (-11, 0, 'old', 'i'), (-12, 0, 'new', 'i');
                INSERT INTO launches (workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash, requested_by,
                    requested_on, ended_at)
                  SELECT '$I', q.id, q.job, 's', 'completed', 'api', 'i', '', 'a', '$I', q.ended - interval '2160 hours' FROM (VALUES
                    (-11, 'old', timestamptz '$T'), (-12, 'new', timestamptz '$T' + interval '1 microsecond')) q (id, job, ended)
                """.replace("'$I'", "'" + installation + "'::uuid").replace("$T", LIMIT.toString()));
        String ofTheInstallation =
                "SELECT job FROM launches WHERE job <> 'prune' AND workspace_id = '" + installation + "'";

        RunView run = node.await(node.runs()
                .launch(LaunchRequest.of(installation, Prune.JOB, Map.of("asOf", LIMIT.toString()), "test"))
                .runId());

        assertThat(run.message()).isEqualTo("removed 1 history");
        assertThat(texts(ofTheInstallation)).containsExactly("new");
        assertThat(planned(LIMIT)).isEqualTo(DUE);
    }

    @Test
    void withoutATimeAPruneGoesByTheLastFullHour() {
        assertThat(asOf(LIMIT.minusNanos(1), Map.of())).isEqualTo(LIMIT.minus(Duration.ofHours(1)));
        assertThat(asOf(LIMIT, Map.of())).isEqualTo(LIMIT);
        assertThat(asOf(LIMIT, Map.of("asOf", LIMIT.toString()))).isEqualTo(LIMIT);
        assertThatThrownBy(() -> asOf(LIMIT, Map.of("asOf", AFTER.toString())))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("still to come");
    }

    private static Instant asOf(Instant now, Map<String, String> given) {
        return new PruneParameters(node.bean(Projects.class), node.bean(PruneProperties.class), () -> now)
                .requested(node.workspaceId, given)
                .asOf();
    }
}
