package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.run.NumbersHarness.Numbers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeadLetterDeskTest {

    private static final UUID WORKSPACE = NumbersHarness.WORKSPACE;

    private final Numbers numbers = new Numbers();
    private final List<Integer> bad = new ArrayList<>(List.of(2, 3, 5, 7));
    private NumbersHarness harness;

    @BeforeEach
    void start() {
        numbers.policy = new JobPolicy(0, 4, 2, java.util.Set.of(), Map.of(), new JobPolicy.Skip(100, 1L, 0));
        numbers.work = number -> {
            if (bad.contains(number)) {
                throw new DataError(number == 2 ? "EVEN" : "ODD", number + " is no good");
            }
            return number;
        };
        harness = new NumbersHarness(numbers);
    }

    @AfterEach
    void stop() {
        harness.close();
    }

    private DeadLetterDesk desk() {
        return harness.runs().letters();
    }

    private static LetterFilter reason(String reason) {
        return new LetterFilter(List.of(), null, null, reason, null, null, null, null);
    }

    private List<String> items(LetterFilter filter) {
        return desk().list(WORKSPACE, filter, null, 50).stream()
                .map(DeadLetter::item)
                .toList();
    }

    private Map<String, String> states() {
        return desk().list(WORKSPACE, LetterFilter.any(), null, 50).stream()
                .collect(Collectors.toMap(DeadLetter::item, DeadLetter::state));
    }

    private List<String> audited(String action) {
        return harness.owner
                .sql("SELECT detail ->> 'reason' FROM audit_entries WHERE action = :action")
                .param("action", action)
                .query((row, number) -> row.getString(1))
                .list();
    }

    @Test
    void lettersAreFoundByEachFilterAndPagedByTheirIds() {
        long run = harness.run().id();

        assertThat(items(LetterFilter.any())).containsExactly("number 7", "number 5", "number 3", "number 2");
        assertThat(items(reason("EVEN"))).containsExactly("number 2");
        assertThat(items(new LetterFilter(List.of(), "numbers", "take", null, null, run, "open", "numb goo")))
                .hasSize(4);
        assertThat(items(new LetterFilter(List.of(), null, null, null, null, null, null, "numb bad")))
                .isEmpty();
        assertThat(items(new LetterFilter(List.of(), null, null, null, null, run + 1, null, null)))
                .isEmpty();
        List<DeadLetter> first = desk().list(WORKSPACE, LetterFilter.any(), null, 3);
        assertThat(desk().list(WORKSPACE, LetterFilter.any(), first.getLast().id(), 3))
                .extracting(DeadLetter::item)
                .containsExactly("number 2");
        assertThat(desk().list(new UUID(9, 9), LetterFilter.any(), null, 3)).isEmpty();
        assertThat(desk().find(new UUID(9, 9), first.getFirst().id())).isEmpty();
        assertThat(desk().groups(WORKSPACE, LetterFilter.any(), 10))
                .extracting(
                        DeadLetterDesk.Group::reason,
                        DeadLetterDesk.Group::letters,
                        g -> g.sample().reason())
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("ODD", 3L, "ODD"),
                        org.assertj.core.groups.Tuple.tuple("EVEN", 1L, "EVEN"));
    }

    @Test
    void aReplayedGroupIsTriedAgainAndEachLetterEndsAsItsItemDoes() {
        harness.run();
        bad.removeAll(List.of(3, 5));

        DeadLetterDesk.Replayed replayed = desk().replay(WORKSPACE, reason("ODD"), "tester", "mended");

        assertThat(replayed.letters()).isEqualTo(3);
        assertThat(numbers.replayed).extracting(DeadLetter::item).containsExactly("number 3", "number 5", "number 7");
        assertThat(harness.await(replayed.runs().getFirst()).status()).isEqualTo("COMPLETED");
        assertThat(states())
                .isEqualTo(
                        Map.of("number 2", "open", "number 3", "resolved", "number 5", "resolved", "number 7", "open"));
        assertThat(harness.letters().getLast().get("attempts")).isEqualTo(2);
        assertThat(audited("deadletters.replay")).containsExactly("mended");
    }

    @Test
    void aLetterWhoseItemNoRunTriedIsOpenAgainWhenTheReplayIsOver() {
        harness.run();
        numbers.count = 1;
        DeadLetterDesk.Replayed replayed = desk().replay(WORKSPACE, LetterFilter.any(), "tester", "");
        harness.await(replayed.runs().getFirst());

        assertThat(states().values()).containsOnly("open");
    }

    @Test
    void anIgnoredLetterStaysIgnoredWhileItFailsForTheSameReasonAndIsReplayedByIdOnly() {
        harness.run();
        assertThat(desk().ignore(WORKSPACE, reason("EVEN"), "tester", "known")).isEqualTo(1);
        harness.run();

        assertThat(states()).containsEntry("number 2", "ignored");
        assertThat(audited("deadletters.ignore")).containsExactly("known");
        assertThat(desk().replay(WORKSPACE, reason("EVEN"), "tester", "").letters())
                .isZero();
        long id = desk().list(WORKSPACE, reason("EVEN"), null, 1).getFirst().id();
        assertThat(desk().find(WORKSPACE, id).orElseThrow().ignoreReason()).isEqualTo("known");
        DeadLetterDesk.Replayed replayed = desk().replay(WORKSPACE, LetterFilter.of(List.of(id)), "tester", "");
        assertThat(replayed.letters()).isEqualTo(1);
        harness.await(replayed.runs().getFirst());
        assertThat(states()).containsEntry("number 2", "open");
    }

    @Test
    void aJobThatCannotReplaySaysSoAndNothingIsMarked() {
        harness.run();
        harness.owner
                .sql("UPDATE dead_letters SET job = 'gone' WHERE reason = 'EVEN'")
                .update();

        assertThatThrownBy(() -> desk().replay(WORKSPACE, LetterFilter.any(), "tester", ""))
                .isInstanceOf(RunConflict.class)
                .hasMessageContaining("gone");
        assertThat(states().values()).containsOnly("open");
    }

    /// A fifth of the letters are the workspace's own. Where nearly all are, counting them by cause reads
    /// nearly every row, and a sequential scan is then the right plan.
    @Test
    void amongAMillionLettersEveryQueryUsesAnIndex() {
        // Built afterwards they are the same, in a fraction of the time.
        List<String> indexes =
                harness.owner.sql("""
                        SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
                        WHERE i.indrelid = 'dead_letters'::regclass AND NOT i.indisunique ORDER BY 1
                        """).query((row, number) -> row.getString(1)).list();
        assertThat(indexes).hasSizeGreaterThan(6);
        harness.owner.sql("""
                        DO $$ DECLARE name regclass; BEGIN
                          FOR name IN SELECT indexrelid FROM pg_index WHERE indrelid = 'dead_letters'::regclass AND NOT indisunique LOOP
                            EXECUTE format('DROP INDEX %s', name);
                          END LOOP;
                        END $$
                        """).update();
        harness.owner
                .sql("""
                        INSERT INTO dead_letters (workspace_id, job, step, item_key, run_id, reason, detail, stack_hash, state)
                        SELECT CASE WHEN n % 10 IN (1, 2) THEN CAST(:workspace AS uuid) ELSE CAST(:other AS uuid) END,
                               'job' || n % 3, 'step' || n % 4, 'folder/item' || n || '.txt', n / 1000,
                               CASE WHEN n % 5000 = 1 THEN 'RARE' ELSE 'COMMON' || n % 7 END,
                               'is word' || n % 20000, md5((n % 5)::text),
                               CASE WHEN n % 5000 = 2 THEN 'ignored' ELSE 'open' END
                        FROM generate_series(1, 1000000) n
                        """)
                .param("other", new UUID(9, 9).toString())
                .param("workspace", WORKSPACE.toString())
                .update();
        indexes.forEach(index -> harness.owner.sql(index).update());
        harness.owner.sql("VACUUM (ANALYZE) dead_letters").update();

        for (LetterFilter filter : List.of(
                LetterFilter.any(),
                new LetterFilter(List.of(), "job1", null, null, null, null, "open", null),
                new LetterFilter(List.of(), null, null, "RARE", null, null, "open", null),
                new LetterFilter(List.of(), null, null, null, null, 500L, "open", null),
                new LetterFilter(List.of(), null, null, null, null, null, "ignored", null),
                new LetterFilter(List.of(), null, null, null, null, null, "open", "word17"),
                LetterFilter.of(List.of(17L, 18L)))) {
            Map<String, Object> parameters = new HashMap<>(Map.of("workspace", WORKSPACE, "limit", 50));
            String sql = DeadLetterDesk.listing(filter, 900_000L, parameters);
            assertThat(plan(sql, parameters)).as("%s", filter).doesNotContain("Seq Scan");
        }
        Map<String, Object> parameters = new HashMap<>(Map.of("workspace", WORKSPACE, "limit", 50));
        String sql = DeadLetterDesk.grouping(
                new LetterFilter(List.of(), null, null, null, null, null, "open", null), parameters);
        assertThat(plan(sql, parameters)).contains("dead_letters_groups").doesNotContain("Seq Scan");
    }

    private String plan(String sql, Map<String, Object> parameters) {
        Control control = new Control(
                harness.context.getBean(org.springframework.transaction.PlatformTransactionManager.class),
                harness.context.getBean(org.springframework.jdbc.core.simple.JdbcClient.class));
        return control.call(() -> String.join(
                "\n",
                control.jdbc()
                        .sql("EXPLAIN " + sql)
                        .params(parameters)
                        .query(String.class)
                        .list()));
    }
}
