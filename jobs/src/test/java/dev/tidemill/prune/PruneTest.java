package dev.tidemill.prune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.made.JobNode;
import dev.tidemill.made.JobProcess;
import dev.tidemill.made.MadeCorpus;
import dev.tidemill.made.Outage;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.LaunchRequest;
import dev.tidemill.run.Plan;
import dev.tidemill.run.RunConflict;
import dev.tidemill.run.RunView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What its retention is over for goes, exactly as planned, and nothing else does.
class PruneTest {

    private static final Map<String, String> SMALL = Map.of("prune.batch.commit-items", "3");

    @TempDir
    private Path folder;

    private TestDatabase database;
    private JobNode node;

    @BeforeEach
    void start() {
        database = TestDatabase.create();
        node = new JobNode(database, SMALL, PruneConfiguration.class);
    }

    @AfterEach
    void stop() {
        node.close();
        database.close();
    }

    private static MadeCorpus corpus(JobNode node) {
        return new MadeCorpus(node);
    }

    /// Something of every kind on both sides of its border.
    private static void aged(JobNode node) {
        corpus(node).documents("/a", 8, 4, 3);
        node.execute(
                "UPDATE documents SET deleted_at = now() - interval '6 days', published_version = NULL WHERE key = 'doc-1.md'");
        node.execute(
                "UPDATE documents SET deleted_at = now() - interval '8 days', published_version = NULL WHERE key = 'doc-2.md'");
        node.execute("""
                UPDATE document_versions SET state = 'superseded', valid_to = now() - interval '6 days'
                WHERE state = 'published' AND file_name IN ('doc-1.md', 'doc-2.md');
                UPDATE chunks SET valid_to = now() - interval '6 days' WHERE valid_to IS NULL AND version_id IN
                  (SELECT id FROM document_versions WHERE state = 'superseded');
                DELETE FROM vectors_1 v WHERE NOT EXISTS (SELECT FROM chunks c WHERE c.content_id = v.content_id AND c.valid_to IS NULL);
                UPDATE documents SET ttl_expires_at = now() - interval '2 hours' WHERE key = 'doc-3.md';
                UPDATE documents SET ttl_expires_at = now() + interval '1 hour' WHERE key = 'doc-4.md';
                INSERT INTO blobs (workspace_id, sha256, size, created_at) VALUES
                  ('$W', '\\x01', 5, now() - interval '26 hours'), ('$W', '\\x02', 5, now() - interval '10 hours');
                INSERT INTO embedding_cache (workspace_id, fingerprint, content_id, embedding, created_at) VALUES
                  ('$W', 'f', gen_random_uuid(), '\\x00', now() - interval '31 days'),
                  ('$W', 'g', gen_random_uuid(), '\\x00', now() - interval '29 days');
                INSERT INTO history (workspace_id, command, input, output, created_at) VALUES
                  ('$W', 'ask', 'old', 'o', now() - interval '91 days'), ('$W', 'ask', 'new', 'o', now() - interval '89 days');
                INSERT INTO dead_letters (workspace_id, job, step, item_key, run_id, reason, detail, state, resolved_at) VALUES
                  ('$W', 'j', 's', 'old', 1, 'R', 'd', 'resolved', now() - interval '91 days'),
                  ('$W', 'j', 's', 'new', 1, 'R', 'd', 'resolved', now() - interval '89 days'),
                  ('$W', 'j', 's', 'open', 1, 'R', 'd', 'open', NULL);
                INSERT INTO plans (workspace_id, id, job, parameters, world, counts, tokens, cost, seconds, disk_bytes, notes, created_by,
                  expires_at) VALUES ('$W', gen_random_uuid(), 'j', '{}', 'w', '{}', 0, 0, 0, 0, '[]', 'a', now() - interval '91 days');
                INSERT INTO schedule_fires (workspace_id, schedule, fire, fire_time, outcome, decided_at) VALUES
                  ('$W', 's', 'a', now() - interval '401 days', 'missed', now() - interval '401 days'),
                  ('$W', 's', 'b', now() - interval '400 days', 'missed', now() - interval '399 days'),
                  ('$W', 'once', 'a', now() - interval '500 days', 'missed', now() - interval '500 days');
                INSERT INTO batch_job_instance (job_instance_id, version, job_name, job_key) VALUES (-1, 0, 'j', 'a'), (-2, 0, 'j', 'b');
                INSERT INTO launches (workspace_id, job_instance_id, job, subject, state, origin, identity, request_hash, requested_by,
                  requested_on, ended_at) VALUES
                  ('$W', -1, 'j', 's', 'completed', 'api', 'i', '', 'a', '$W', now() - interval '91 days'),
                  ('$W', -2, 'j', 's', 'completed', 'api', 'k', '', 'a', '$W', now() - interval '89 days');
                INSERT INTO usage_counters (workspace_id, day) VALUES ('$W', current_date - 402), ('$W', current_date - 399);
                INSERT INTO asked_questions (workspace_id, project_id, question_id, question, asked_at)
                  SELECT '$W', id, gen_random_uuid(), 'asked ' || age, now() - age * interval '1 day'
                  FROM projects, unnest(ARRAY[91, 89]) age;
                INSERT INTO evaluation_runs (workspace_id, project_id, set_id, run_id, config, metrics, golden_set, done_at, fell, created_at)
                  SELECT '$W', p.id, 1, 1, '{}', '{}', e.name, now(), e.fell, now() - e.age * interval '1 day' FROM projects p,
                    (VALUES ('old', 402, false), ('newest good', 401, false), ('fell', 400.9, true), ('fell lately', 1, true))
                      e (name, age, fell);
                INSERT INTO vector_sets (workspace_id, project_id, model, fingerprint, dimensions, state, created_at)
                  SELECT '$W', id, 'old', 'old', 4, 'retired', now() - interval '8 days' FROM projects;
                DO $do$ BEGIN PERFORM create_vector_table(max(id), 4) FROM vector_sets; END $do$
                """.replace("$W", node.workspaceId.toString()));
    }

    private static Map<String, Long> tables(JobNode node) {
        Map<String, Long> counts = new LinkedHashMap<>();
        Map<String, String> queries = new LinkedHashMap<>();
        queries.put("expired", "SELECT count(*) FROM documents WHERE deleted_at IS NULL");
        queries.put("versions", "SELECT count(*) FROM document_versions v JOIN documents d ON d.id = v.document_id");
        queries.put("documents", "SELECT count(*) FROM documents");
        queries.put("blobs", "SELECT count(*) FROM blobs");
        queries.put("cache", "SELECT count(*) FROM embedding_cache");
        queries.put("letters", "SELECT count(*) FROM dead_letters");
        queries.put("history", "SELECT count(*) FROM launches WHERE job <> 'prune'");
        queries.put("plans", "SELECT count(*) FROM plans WHERE job <> 'prune'");
        queries.put("fires", "SELECT count(*) FROM schedule_fires");
        queries.put("queries", "SELECT count(*) FROM history");
        queries.put("usage", "SELECT count(*) FROM usage_counters");
        queries.put("evaluations", "SELECT count(*) FROM evaluation_runs");
        queries.put("asked", "SELECT count(*) FROM asked_questions");
        queries.put("sets", "SELECT count(*) FROM pg_class WHERE relname ~ '^vectors_[0-9]+$'");
        queries.forEach((name, sql) -> counts.put(name, node.number(sql)));
        return counts;
    }

    private static long of(Map<String, Long> counts, String kind) {
        return counts.getOrDefault(kind, -1L);
    }

    private static String digest(JobNode node) {
        StringBuilder all = new StringBuilder();
        for (String sql : List.of(
                "SELECT key, version, published_version, deleted_at IS NOT NULL AS deleted FROM documents ORDER BY key",
                "SELECT file_name, version, state FROM document_versions ORDER BY 1, 2",
                "SELECT text, valid_to IS NULL AS live FROM chunks ORDER BY 1",
                "SELECT text FROM document_texts ORDER BY 1",
                "SELECT content_id FROM vectors_1 ORDER BY 1",
                "SELECT content_id FROM embedding_cache WHERE fingerprint = 'made' ORDER BY 1",
                "SELECT lexeme, chunks FROM lexemes WHERE chunks <> 0 ORDER BY 1",
                "SELECT encode(sha256, 'hex') AS hash FROM blobs ORDER BY 1",
                "SELECT item_key, state FROM dead_letters ORDER BY 1",
                "SELECT input FROM history ORDER BY 1",
                "SELECT schedule, fire FROM schedule_fires ORDER BY 1, 2")) {
            node.rows(sql).forEach(row -> all.append(row).append('\n'));
        }
        return all.toString();
    }

    @Test
    void everyKindGoesAsPlannedAndWhatIsWithinItsRetentionStays() {
        aged(node);
        Map<String, Long> before = tables(node);
        Plan plan = node.plan(Prune.JOB, Map.of()).plan();

        RunView run = node.run(Prune.JOB, Map.of());

        assertThat(run.status()).isEqualTo("COMPLETED");
        Map<String, Long> after = tables(node);
        assertThat(plan.counts())
                .containsEntry("expired", 1L)
                .containsEntry("documents", 1L)
                .containsEntry("letters", 1L)
                .containsEntry("history", 1L)
                .containsEntry("plans", 1L)
                .containsEntry("fires", 1L)
                .containsEntry("queries", 1L)
                .containsEntry("usage", 1L)
                .containsEntry("evaluations", 1L)
                .containsEntry("asked", 1L)
                .containsEntry("sets", 1L);
        assertThat(node.rows("SELECT golden_set FROM evaluation_runs ORDER BY id"))
                .extracting(row -> row.get("golden_set"))
                .containsExactly("newest good", "fell", "fell lately");
        assertThat(plan.notes()).noneMatch(note -> note.contains("asked 91"));
        // Of each document that stays, two versions are older than thirty days, and the newest superseded one is kept.
        assertThat(of(plan.counts(), "versions")).isEqualTo(7 * 2L + 2);
        assertThat(of(plan.counts(), "bytes")).isPositive();
        assertThat(plan.notes()).anyMatch(note -> note.startsWith("documents: doc-2.md"));
        long deletedDocuments = of(plan.counts(), "documents");
        assertThat(of(before, "documents") - of(after, "documents")).isEqualTo(deletedDocuments);
        assertThat(of(before, "expired") - of(after, "expired")).isEqualTo(1);
        for (String kind : List.of(
                "blobs",
                "cache",
                "letters",
                "history",
                "plans",
                "fires",
                "queries",
                "usage",
                "evaluations",
                "asked",
                "sets")) {
            // The document that ended takes its cached embeddings with it, in the transaction that retires it.
            long expected = of(plan.counts(), kind) + (kind.equals("cache") ? 3 : 0);
            assertThat(of(before, kind) - of(after, kind)).as(kind).isEqualTo(expected);
        }
        assertThat(node.rows("SELECT key FROM documents WHERE deleted_at IS NOT NULL ORDER BY 1"))
                .extracting(row -> row.get("key"))
                .containsExactly("doc-1.md", "doc-3.md");
        assertThat(node.number(
                        "SELECT count(*) FROM vectors_1 v JOIN chunks c USING (content_id) JOIN documents d ON d.id = c.document_id"
                                + " WHERE d.key = 'doc-3.md'"))
                .isZero();
        assertThat(node.number("SELECT count(*) FROM lexemes WHERE lexeme = 'word3'"))
                .isZero();
        assertThat(node.number("SELECT count(*) FROM audit_entries WHERE action = 'prune.apply'"))
                .isEqualTo(1);
        assertThat(run.message()).contains("removed").contains("1 documents");
    }

    @Test
    void aPruneWhoseLastStepIsCommittedAndNotKnownToBeGivesOneAccount() {
        aged(node);
        Outage.whenStepEnds(node.owner, "account");

        RunView run = node.run(Prune.JOB, Map.of());

        assertThat(run.status()).as(run.message()).isEqualTo("COMPLETED");
        assertThat(run.attempt()).isEqualTo(2);
        assertThat(run.message()).contains("removed");
        assertThat(node.number("SELECT count(*) FROM audit_entries WHERE action = 'prune.apply'"))
                .isEqualTo(1);
    }

    @Test
    void aSecondPruneFindsNothing() {
        aged(node);
        node.run(Prune.JOB, Map.of());
        String once = digest(node);

        Plan plan = node.plan(Prune.JOB, Map.of()).plan();
        RunView again = node.run(Prune.JOB, Map.of());

        assertThat(plan.counts().values()).containsOnly(0L);
        assertThat(again.status()).isEqualTo("COMPLETED");
        assertThat(again.message()).isEqualTo("nothing to remove");
        assertThat(digest(node)).isEqualTo(once);
    }

    @Test
    void aKilledPruneThatIsResumedLeavesWhatAnUninterruptedOneLeaves() throws Exception {
        String undisturbed;
        try (TestDatabase other = TestDatabase.create();
                JobNode whole = new JobNode(other, SMALL, PruneConfiguration.class)) {
            aged(whole);
            assertThat(whole.run(Prune.JOB, Map.of()).status()).isEqualTo("COMPLETED");
            undisturbed = digest(whole);
        }
        aged(node);
        JobProcess.killAfter(
                database,
                "DELETE",
                "document_versions",
                2,
                folder.resolve("process.log"),
                PruneConfiguration.class,
                Prune.JOB,
                Map.of(),
                SMALL);
        assertThat(digest(node)).isNotEqualTo(undisturbed);

        List<Long> resumed = node.runs().resumeOrphans();

        assertThat(resumed).hasSize(1);
        assertThat(node.await(resumed.getFirst()).status()).isEqualTo("COMPLETED");
        assertThat(digest(node)).isEqualTo(undisturbed);
    }

    @Test
    void aRowThatCannotBeDeletedBecomesADeadLetterAndTheOthersGo() {
        corpus(node).documents("/a", 6, 3, 1);
        node.execute("""
                CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'this one stays'; END $$;
                CREATE TRIGGER keep BEFORE DELETE ON document_versions FOR EACH ROW
                  WHEN (OLD.file_name = 'doc-4.md') EXECUTE FUNCTION keep()
                """);
        node.execute("INSERT INTO retention_policies (workspace_id, versions_keep, set_by) VALUES ('" + node.workspaceId
                + "', 0, 't')");

        RunView run = node.run(Prune.JOB, Map.of());

        assertThat(run.status()).isEqualTo("COMPLETED");
        assertThat(
                        node.rows(
                                "SELECT file_name FROM document_versions WHERE state = 'superseded' AND valid_to < now() - interval '30 days'"))
                .extracting(row -> row.get("file_name"))
                .containsExactly("doc-4.md");
        assertThat(node.rows("SELECT step, reason, detail FROM dead_letters"))
                .singleElement()
                .satisfies(letter -> {
                    assertThat(letter).containsEntry("step", "versions").containsEntry("reason", "CANNOT_DELETE");
                    assertThat(String.valueOf(letter.get("detail")))
                            .contains("doc-4.md version 1")
                            .contains("this one stays");
                });
    }

    @Test
    void whatIsOnHoldStaysUntilItIsReleased() {
        corpus(node).documents("/a", 4, 4, 1);
        node.execute(
                "UPDATE documents SET deleted_at = now() - interval '8 days' WHERE key IN ('doc-1.md', 'doc-2.md')");
        Retention retention = new Retention(
                node.bean(dev.tidemill.store.Workspaces.class),
                node.bean(org.springframework.jdbc.core.simple.JdbcClient.class));
        var hold = retention.hold(
                node.workspaceId, new Retention.Subject("default", null, "doc-1.md"), "a dispute", "tester");

        Plan plan = node.plan(Prune.JOB, Map.of()).plan();
        node.run(Prune.JOB, Map.of());

        assertThat(plan.counts()).containsEntry("documents", 1L);
        assertThat(node.number("SELECT count(*) FROM document_versions WHERE file_name = 'doc-1.md'"))
                .isEqualTo(4);
        assertThat(node.number("SELECT count(*) FROM documents WHERE key = 'doc-2.md'"))
                .isZero();
        assertThat(retention.release(node.workspaceId, hold, "settled", "tester"))
                .isTrue();
        assertThat(retention.release(node.workspaceId, hold, "settled", "tester"))
                .isFalse();
        node.run(Prune.JOB, Map.of());
        assertThat(node.number("SELECT count(*) FROM documents WHERE key = 'doc-1.md'"))
                .isZero();
    }

    @Test
    void theNarrowestPolicyDecides() {
        corpus(node).documents("/a", 1, 5, 1);
        corpus(node).documents("/b", 1, 5, 1);
        node.execute("INSERT INTO projects (workspace_id, slug, name) VALUES ('" + node.workspaceId
                + "', 'other', 'Other')");
        corpus(node).documents("other", "/c", 1, 5, 1);
        Retention retention = new Retention(
                node.bean(dev.tidemill.store.Workspaces.class),
                node.bean(org.springframework.jdbc.core.simple.JdbcClient.class));
        var source = node.owner
                .sql("SELECT id FROM sources WHERE location = '/b'")
                .query(java.util.UUID.class)
                .single();
        retention.set(
                node.workspaceId,
                new Retention.Subject(null, null, null),
                new Retention.Rules(3, null, null, null),
                "t");
        retention.set(
                node.workspaceId,
                new Retention.Subject("default", null, null),
                new Retention.Rules(2, null, null, null),
                "t");
        retention.set(
                node.workspaceId,
                new Retention.Subject("default", source, null),
                new Retention.Rules(0, Duration.ofDays(50), null, null),
                "t");

        node.run(Prune.JOB, Map.of());

        // Superseded 20, 40, 60 and 80 days ago; older than 30 days goes but for what is kept, of /b older than 50.
        assertThat(left("/a")).isEqualTo(2);
        assertThat(left("/b")).isEqualTo(2);
        assertThat(left("/c")).isEqualTo(3);
        assertThat(retention.policies(node.workspaceId)).hasSize(3);
        assertThat(retention.unset(node.workspaceId, new Retention.Subject("default", source, null), "t"))
                .isTrue();
        assertThat(retention.unset(node.workspaceId, new Retention.Subject("default", source, null), "t"))
                .isFalse();
        assertThatThrownBy(() -> retention.find(node.workspaceId, new Retention.Subject("nowhere", null, null)))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("nowhere");
    }

    private long left(String source) {
        return node.number("SELECT count(*) FROM document_versions v JOIN sources s ON s.id = v.source_id"
                + " WHERE v.state = 'superseded' AND s.location = '" + source + "'");
    }

    @Test
    void whatATagSaysGoesBeforeTheSourceAndOfSeveralTheLongest() {
        corpus(node).documents("/a", 4, 5, 1);
        node.execute("""
                UPDATE document_versions SET metadata = '{"tags": "law, tax"}' WHERE file_name = 'doc-1.md' AND version = 5;
                UPDATE document_versions SET metadata = '{"tags": "tax"}' WHERE file_name = 'doc-2.md' AND version = 5;
                UPDATE document_versions SET metadata = '{"tags": "law"}' WHERE file_name = 'doc-3.md' AND version < 5
                """);
        Retention retention = new Retention(
                node.bean(dev.tidemill.store.Workspaces.class),
                node.bean(org.springframework.jdbc.core.simple.JdbcClient.class));
        Retention.Subject all = new Retention.Subject(null, null, null);
        Retention.Subject project = new Retention.Subject("default", null, null);
        var source = node.owner
                .sql("SELECT id FROM sources")
                .query(java.util.UUID.class)
                .single();
        retention.set(
                node.workspaceId,
                new Retention.Subject("default", source, null),
                new Retention.Rules(0, Duration.ofDays(30), null, null),
                "t");
        Retention.Tag law = new Retention.Tag("tags", "law");
        Retention.Tag tax = new Retention.Tag("tags", "tax");
        retention.set(node.workspaceId, all, law, new Retention.Rules(4, null, null, null), "t");
        retention.set(node.workspaceId, project, tax, new Retention.Rules(2, null, null, Duration.ofDays(3650)), "t");

        Plan plan = node.plan(Prune.JOB, Map.of()).plan();
        node.run(Prune.JOB, Map.of());

        assertThat(node.rows("SELECT file_name, count(*) AS left FROM document_versions WHERE state = 'superseded'"
                        + " GROUP BY 1 ORDER BY 1"))
                .extracting(row -> row.get("file_name") + " " + row.get("left"))
                .containsExactly("doc-1.md 4", "doc-2.md 2", "doc-3.md 1", "doc-4.md 1");
        assertThat(plan.counts()).containsEntry("versions", 2L + 3 + 3);
        assertThat(retention.policies(node.workspaceId)).hasSize(3).anyMatch(policy -> tax.equals(policy.tag()));
        assertThat(retention.unset(node.workspaceId, project, law, "t")).isFalse();
        assertThat(retention.unset(node.workspaceId, all, law, "t")).isTrue();
        assertThatThrownBy(() -> retention.set(
                        node.workspaceId,
                        new Retention.Subject("default", source, null),
                        tax,
                        new Retention.Rules(0, null, null, null),
                        "t"))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("leave source out");
        assertThatThrownBy(() -> new Retention.Tag("tags", "a,b"))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("without a comma");
    }

    @Test
    void anIndexThatIsFarTooLargeIsToldAndMadeAnewWhereTheSettingsSaySo() {
        corpus(node).documents("/a", 1, 1, 1);
        node.execute(
                "INSERT INTO vectors_1 SELECT '" + node.workspaceId
                        + "', gen_random_uuid(), ARRAY[random(), random(), random(), random()]::real[]::halfvec FROM generate_series(1, 6000)");
        node.execute("CREATE INDEX vectors_1_hnsw ON vectors_1 USING hnsw (embedding halfvec_cosine_ops)");
        node.execute("VACUUM ANALYZE vectors_1");
        assertThat(node.plan(Prune.JOB, Map.of()).plan().notes()).noneMatch(note -> note.contains("vectors_1_hnsw"));
        node.execute("DELETE FROM vectors_1 WHERE abs(hashtext(content_id::text)) % 3 > 0");
        node.execute("VACUUM ANALYZE vectors_1");
        // What a rebuild left that was broken off.
        node.execute("CREATE INDEX vectors_1_hnsw_ccnew ON vectors_1 USING hnsw (embedding halfvec_cosine_ops)");
        node.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'vectors_1_hnsw_ccnew'::regclass");
        long before = node.number("SELECT pg_relation_size('vectors_1_hnsw')");

        RunView told = node.run(Prune.JOB, Map.of());

        assertThat(told.message()).contains("the index vectors_1_hnsw takes").contains("REINDEX INDEX CONCURRENTLY");
        assertThat(node.number("SELECT pg_relation_size('vectors_1_hnsw')")).isEqualTo(before);
        OwnerIndexes.owner = database.dataSource();
        try (JobNode reindexing =
                new JobNode(database, Map.of("prune.reindex", "1.5"), PruneConfiguration.class, OwnerIndexes.class)) {
            RunView run = reindexing.run(Prune.JOB, Map.of());
            assertThat(run.status()).isEqualTo("COMPLETED");
            assertThat(run.message()).contains("made anew: vectors_1_hnsw").doesNotContain("REINDEX INDEX");
        }
        assertThat(node.number("SELECT pg_relation_size('vectors_1_hnsw')")).isLessThan(before * 2 / 3);
        assertThat(node.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'vectors_1' ORDER BY 1"))
                .extracting(row -> row.get("indexname"))
                .containsExactly("vectors_1_hnsw", "vectors_1_pkey");
    }

    /// Builds indexes as the owner of the test's database.
    @org.springframework.context.annotation.Configuration(proxyBeanMethods = false)
    static class OwnerIndexes {
        private static javax.sql.@org.jspecify.annotations.Nullable DataSource owner;

        @org.springframework.context.annotation.Bean
        dev.tidemill.store.IndexBuilder indexBuilder() {
            return new dev.tidemill.store.IndexBuilder(java.util.Objects.requireNonNull(owner));
        }
    }

    @Test
    void moreThanAThirdOfAProjectWaitsForAPersonAndLessDoesNot() {
        corpus(node).documents("/a", 40, 1, 1);
        node.execute("UPDATE documents SET ttl_expires_at = now() - interval '2 hours' WHERE key IN ("
                + "SELECT key FROM documents ORDER BY key LIMIT 13)");

        RunView held = node.run(Prune.JOB, Map.of());

        assertThat(node.plan(Prune.JOB, Map.of()).plan().notes()).anyMatch(note -> note.contains("13 of 40 documents"));
        assertThat(node.number("SELECT count(*) FROM documents WHERE deleted_at IS NULL"))
                .isEqualTo(40);
        assertThat(held.message())
                .contains("13 of 40 documents of project default")
                .contains("allowMassDelete");
        assertThat(node.run(Prune.JOB, Map.of("allowMassDelete", "true")).status())
                .isEqualTo("COMPLETED");
        assertThat(node.number("SELECT count(*) FROM documents WHERE deleted_at IS NULL"))
                .isEqualTo(27);

        node.execute("UPDATE documents SET ttl_expires_at = now() - interval '2 hours' WHERE key IN ("
                + "SELECT key FROM documents WHERE deleted_at IS NULL ORDER BY key LIMIT 12)");
        assertThat(node.run(Prune.JOB, Map.of()).message()).contains("12 expired");
    }

    @Test
    void aPlanIsAppliedOnceAndOnlyWhileTheWorldIsAsItWas() {
        aged(node);
        var kept = node.plan(Prune.JOB, Map.of());
        node.execute("UPDATE documents SET ttl_expires_at = now() - interval '2 hours' WHERE key = 'doc-5.md'");
        LaunchRequest apply =
                LaunchRequest.of(node.workspaceId, Prune.JOB, Map.of(), "test").applying(kept.id());

        assertThatThrownBy(() -> node.runs().launch(apply))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("expired were 1 and are 2");
        node.execute("UPDATE documents SET ttl_expires_at = NULL WHERE key = 'doc-5.md'");
        assertThat(node.await(node.runs().launch(apply).runId()).status()).isEqualTo("COMPLETED");
    }

    @Test
    void aTimeToComeIsRefused() {
        assertThatThrownBy(() -> node.run(Prune.JOB, Map.of("asOf", "2999-01-01T00:00:00Z")))
                .isInstanceOf(InvalidParameter.class)
                .hasMessageContaining("still to come");
    }

    /// F40: whatever the policies, holds and ages, the plan counts what the run then deletes, and nothing held goes.
    @Test
    void thePlanEqualsTheDeletionForCorporaMadeAtRandom() {
        corpus(node).documents("/a", 12, 4, 2);
        corpus(node).documents("/b", 8, 2, 1);
        for (int seed = 1; seed <= 4; seed++) {
            Random random = new Random(seed);
            node.execute("DELETE FROM retention_policies; DELETE FROM legal_holds");
            node.execute(
                    "INSERT INTO retention_policies (workspace_id, versions_keep, versions_after, undo, set_by) VALUES ('"
                            + node.workspaceId + "', " + random.nextInt(3) + ", interval '" + random.nextInt(70)
                            + " days', interval '"
                            + random.nextInt(10) + " days', 't')");
            node.execute("UPDATE documents SET deleted_at = now() - interval '" + random.nextInt(12)
                    + " days' WHERE deleted_at IS NULL AND abs(hashtext(key || '" + seed + "')) % 9 = 0");
            node.execute(
                    "UPDATE documents SET ttl_expires_at = now() - interval '3 hours' WHERE deleted_at IS NULL AND abs(hashtext(key || 'x"
                            + seed + "')) % 11 = 0");
            node.execute(
                    "INSERT INTO legal_holds (workspace_id, project_id, document_id, reason, placed_by) SELECT workspace_id, project_id,"
                            + " id, 'r', 't' FROM documents WHERE abs(hashtext(key || 'h" + seed + "')) % 5 = 0");
            String heldRows =
                    "SELECT count(*) FROM document_versions v JOIN legal_holds h ON h.document_id = v.document_id";
            long held = node.number(heldRows);
            Map<String, Long> before = tables(node);
            Map<String, Long> planned = new LinkedHashMap<>(node.plan(Prune.JOB, Map.of("allowMassDelete", "true"))
                    .plan()
                    .counts());

            RunView run = node.run(Prune.JOB, Map.of("allowMassDelete", "true"));

            assertThat(run.status()).isEqualTo("COMPLETED");
            Map<String, Long> after = tables(node);
            long cascaded = of(before, "versions") - of(after, "versions") - of(planned, "versions");
            assertThat(cascaded)
                    .as("versions that went with their documents, seed %s", seed)
                    .isNotNegative();
            for (String kind : List.of("documents", "blobs")) {
                assertThat(of(before, kind) - of(after, kind))
                        .as(kind + " " + seed)
                        .isEqualTo(of(planned, kind));
            }
            assertThat(of(before, "expired") - of(after, "expired"))
                    .as("expired " + seed)
                    .isEqualTo(of(planned, "expired"));
            run.steps().stream()
                    .filter(step -> planned.containsKey(step.name()))
                    .forEach(step -> assertThat(step.written()).as(step.name()).isEqualTo(of(planned, step.name())));
            assertThat(node.number(heldRows)).isEqualTo(held);
        }
    }
}
