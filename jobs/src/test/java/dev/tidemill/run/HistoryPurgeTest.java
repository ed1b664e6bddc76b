package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.run.NumbersHarness.Numbers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class HistoryPurgeTest {

    private final Numbers numbers = new Numbers();

    @Test
    void whatEndedBeforeTheHorizonGoesAsCountedAndNothingElse() {
        numbers.work = number -> {
            if (number == 1) {
                throw new DataError("ONE", "one");
            }
            return number;
        };
        numbers.policy = new JobPolicy(0, 4, 2, java.util.Set.of(), Map.of(), new JobPolicy.Skip(100, 1L, 0));
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            Runs runs = harness.runs();
            long old = harness.run().id();
            numbers.write = (number, jdbc) -> {
                throw new IllegalStateException("broken");
            };
            harness.owner.sql("DELETE FROM written").update();
            long failed = harness.run().id();
            numbers.write = (number, jdbc) -> {};
            long fresh = harness.run().id();
            runs.plans().make(NumbersHarness.WORKSPACE, "numbers", Map.of(), "tester");
            runs.plans().make(NumbersHarness.WORKSPACE, "numbers", Map.of(), "tester");
            harness.owner
                    .sql("UPDATE launches SET ended_at = now() - interval '40 days'"
                            + " WHERE job_instance_id IN (SELECT job_instance_id FROM batch_job_execution WHERE job_execution_id IN ("
                            + old + "," + failed + "))")
                    .update();
            harness.owner
                    .sql("UPDATE plans SET expires_at = now() - interval '40 days'"
                            + " WHERE id = (SELECT min(id::text)::uuid FROM plans)")
                    .update();
            harness.owner.sql("""
                    INSERT INTO dead_letters (workspace_id, job, step, item_key, run_id, reason, detail, state, resolved_at, decided_at)
                    SELECT CAST('%s' AS uuid), 'j', 's', state || age, 1, 'R', 'd', state,
                           CASE WHEN state = 'resolved' THEN now() - age * interval '1 day' END,
                           CASE WHEN state = 'ignored' THEN now() - age * interval '1 day' END
                    FROM unnest(ARRAY['open', 'resolved', 'ignored']) state, unnest(ARRAY[29, 31]) age
                    """.formatted(NumbersHarness.WORKSPACE)).update();
            // A live launch, however long ago it was asked for.
            harness.owner
                    .sql(
                            "UPDATE launches SET state = 'waiting', due_at = 'infinity', ended_at = now() - interval '90 days'"
                                    + " WHERE job_instance_id = (SELECT job_instance_id FROM batch_job_execution WHERE job_execution_id = "
                                    + fresh + ")")
                    .update();
            Instant horizon = Instant.now().minus(Duration.ofDays(30));

            HistoryPurge.Counts counted = runs.purge().count(horizon);
            HistoryPurge.Counts purged = runs.purge().purge(horizon, () -> false);

            assertThat(counted).isEqualTo(new HistoryPurge.Counts(2, 2, 1, 1, 2));
            assertThat(purged).isEqualTo(counted);
            assertThat(runs.purge().count(horizon)).isEqualTo(new HistoryPurge.Counts(0, 0, 0, 0, 0));
            assertThat(runs.get(old)).isEmpty();
            assertThat(runs.get(fresh)).isPresent();
            for (String table :
                    List.of("batch_job_instance", "batch_job_execution", "batch_step_execution", "launches", "plans")) {
                assertThat(harness.owner
                                .sql("SELECT count(*) FROM " + table)
                                .query(Long.class)
                                .single())
                        .as(table)
                        .isEqualTo(1);
            }
            assertThat(harness.owner
                            .sql("SELECT item_key FROM dead_letters WHERE job = 'j' ORDER BY 1")
                            .query(String.class)
                            .list())
                    .containsExactly("ignored29", "open29", "open31", "resolved29");
        }
    }
}
