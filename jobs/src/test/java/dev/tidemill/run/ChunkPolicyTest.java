package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.made.Outage;
import dev.tidemill.run.NumbersHarness.Numbers;
import java.net.http.HttpTimeoutException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// The retry and skip policy of a job, in a job that is nothing but numbers.
class ChunkPolicyTest {

    private final Numbers numbers = new Numbers();

    private static JobPolicy policy(int percent, long after, long count) {
        return new JobPolicy(0, 4, 2, java.util.Set.of(), Map.of(), new JobPolicy.Skip(percent, after, count));
    }

    /// A server that asks for patience.
    private static final class Busy extends Exception implements RetryAfter {
        private static final long serialVersionUID = 1;
        private final transient Duration wait;

        Busy(Duration wait) {
            super("busy");
            this.wait = wait;
        }

        @Override
        public Duration retryAfter() {
            return wait;
        }
    }

    @Test
    void badItemsBecomeOneLetterEachAndTheRestIsWritten() {
        numbers.work = number -> {
            if (number % 5 == 0) {
                throw new DataError("FIVE", number + " ends in five", new IllegalArgumentException("five"));
            }
            return number;
        };
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            RunView run = harness.run();

            assertThat(run.status()).isEqualTo("COMPLETED");
            assertThat(run.refused()).isEqualTo(2);
            assertThat(harness.written()).containsExactly(1, 2, 3, 4, 6, 7, 8, 9);
            assertThat(harness.letters())
                    .extracting(row -> row.get("item_key"), row -> row.get("reason"), row -> row.get("state"))
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple("number 5", "FIVE", "open"),
                            org.assertj.core.groups.Tuple.tuple("number 10", "FIVE", "open"));
            assertThat(String.valueOf(harness.letters().getFirst().get("stack")))
                    .contains("IllegalArgumentException: five");
            assertThat(harness.letters().get(0).get("stack_hash"))
                    .isEqualTo(harness.letters().get(1).get("stack_hash"))
                    .isNotEqualTo("");
        }
    }

    @Test
    void aChunkOfNothingButBadItemsIsCommittedWithItsLetters() {
        numbers.count = 4;
        numbers.policy = policy(100, 1, 0);
        numbers.work = number -> {
            throw new DataError("BAD", "bad");
        };
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            assertThat(harness.run().status()).isEqualTo("COMPLETED");
            assertThat(harness.letters()).hasSize(4);
        }
    }

    @Test
    void aPassingFailureIsTriedAgainAtTheItemAndTheServersPatienceIsKept() {
        AtomicInteger tries = new AtomicInteger();
        numbers.work = number -> {
            if (number == 3 && tries.incrementAndGet() == 1) {
                throw new HttpTimeoutException("slow");
            }
            if (number == 3 && tries.get() == 2) {
                throw new Busy(Duration.ofSeconds(17));
            }
            return number;
        };
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            assertThat(harness.run().status()).isEqualTo("COMPLETED");

            assertThat(tries.get()).isEqualTo(3);
            assertThat(numbers.pauses).hasSize(2);
            assertThat(numbers.pauses.get(0)).isBetween(Duration.ofMillis(800), Duration.ofMillis(1200));
            assertThat(numbers.pauses.get(1)).isEqualTo(Duration.ofSeconds(17));
            assertThat(harness.written()).hasSize(10);
            assertThat(harness.letters()).isEmpty();
            assertThat(harness.owner
                            .sql("SELECT count(*) FROM batch_job_execution")
                            .query(Long.class)
                            .single())
                    .isEqualTo(1);
        }
    }

    @Test
    void anItemThatFailsAsOftenAsThePolicyAllowsFailsTheRunForGoodAndIsNoLetter() {
        AtomicInteger tries = new AtomicInteger();
        numbers.work = number -> {
            if (number == 6) {
                tries.incrementAndGet();
                throw new HttpTimeoutException("slow");
            }
            return number;
        };
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            RunView run = harness.run();

            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(tries.get()).isEqualTo(5);
            assertThat(harness.written()).containsExactly(1, 2, 3, 4);
            assertThat(harness.letters()).isEmpty();
        }
    }

    @Test
    void aFailureOfTheDatabaseFailsTheStepAndTheRunIsResumedWithNothingWrittenTwice() {
        AtomicInteger tries = new AtomicInteger();
        numbers.work = number -> {
            if (number == 6 && tries.incrementAndGet() == 1) {
                throw new DataError("LOOKS_BAD", "looks bad", new SQLException("gone", "08006"));
            }
            return number;
        };
        numbers.policy = new JobPolicy(
                0,
                4,
                2,
                java.util.Set.of(),
                Map.of(ErrorClass.TRANSIENT, new Backoff(5, Duration.ofMillis(1), 1, Duration.ofMillis(1), 0)),
                new JobPolicy.Skip(null, null, 0));
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            assertThat(harness.run().status()).isEqualTo("COMPLETED");

            assertThat(numbers.pauses).isEmpty();
            assertThat(harness.written()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
            assertThat(harness.letters()).isEmpty();
            assertThat(harness.owner
                            .sql("SELECT count(*) FROM batch_job_execution")
                            .query(Long.class)
                            .single())
                    .isEqualTo(2);
        }
    }

    @Test
    void whatAChunkCountedIsForgottenWhenItsCommitFails() {
        numbers.work = number -> {
            if (number == 2) {
                throw new DataError("TWO", "two");
            }
            return number;
        };
        numbers.policy = new JobPolicy(
                0,
                4,
                2,
                java.util.Set.of(),
                Map.of(ErrorClass.TRANSIENT, new Backoff(5, Duration.ofMillis(1), 1, Duration.ofMillis(1), 0)),
                new JobPolicy.Skip(1, null, 0));
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            Outage.whenCommitted(harness.owner, "written", 1);

            RunView run = harness.run();

            assertThat(run.state()).as(run.message()).isEqualTo(RunState.COMPLETED_WITH_SKIPS);
            assertThat(run.attempt()).isEqualTo(2);
            assertThat(run.refused()).isEqualTo(1);
            assertThat(harness.written()).containsExactly(1, 3, 4, 5, 6, 7, 8, 9, 10);
            assertThat(harness.letters()).hasSize(1);
        }
    }

    @Test
    void aWritersErrorRollsTheChunkBackWithItsLettersAndAnotherTryWritesThemOnce() {
        AtomicInteger writes = new AtomicInteger();
        numbers.work = number -> {
            if (number == 2) {
                throw new DataError("TWO", "two");
            }
            return number;
        };
        numbers.write = (number, jdbc) -> {
            if (number == 4 && writes.incrementAndGet() == 1) {
                throw new IllegalStateException("the writer broke");
            }
        };
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            RunView failed = harness.run();
            assertThat(failed.status()).isEqualTo("FAILED");
            assertThat(failed.message()).contains("the writer broke");
            assertThat(harness.letters()).isEmpty();
            assertThat(harness.written()).isEmpty();

            long resumed = harness.runs().resume(NumbersHarness.WORKSPACE, failed.id(), "test", "");
            RunView run = harness.await(resumed);
            assertThat(run.status()).isEqualTo("COMPLETED");
            assertThat(run.refused()).isEqualTo(1);
            assertThat(harness.letters()).hasSize(1);
            assertThat(harness.letters().getFirst().get("attempts")).isEqualTo(1);
            assertThat(harness.written()).hasSize(9);
        }
    }

    @Test
    void theSkipBudgetIsKeptFromBothSides() {
        numbers.policy = policy(20, 10, 0);
        numbers.work = number -> {
            if (number == 9 || number == 10) {
                throw new DataError("LATE", "late");
            }
            return number;
        };
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            assertThat(harness.run().status()).as("2 of 10 are 20 %").isEqualTo("COMPLETED");
        }
        numbers.policy = policy(19, 10, 0);
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            RunView run = harness.run();
            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message()).contains("2 of 10 items of step take", "LATE 2", "numbers.run.skip.percent");
            assertThat(harness.letters()).as("there to be looked at").hasSize(2);
            assertThat(harness.written()).hasSize(8);
        }
    }

    @Test
    void theCountOfSkipsEndsTheStepAtTheNextRead() {
        numbers.count = 40;
        numbers.policy = policy(100, 1, 3);
        numbers.work = number -> {
            if (number <= 8) {
                throw new DataError(number % 2 == 0 ? "EVEN" : "ODD", "bad");
            }
            return number;
        };
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            RunView run = harness.run();
            assertThat(run.status()).isEqualTo("FAILED");
            assertThat(run.message()).contains("4 of 4", "EVEN 2", "ODD 2", "numbers.run.skip.count");
            assertThat(harness.letters()).hasSize(4);
            assertThat(harness.written()).isEmpty();
        }
    }

    @Test
    void aLetterIsResolvedByTheItemGoingWellAndCountsOneMoreAttemptWhenItFailsAgain() {
        List<Integer> bad = new java.util.ArrayList<>(List.of(2, 3));
        numbers.work = number -> {
            if (bad.contains(number)) {
                throw new DataError("BAD", "bad");
            }
            return number;
        };
        numbers.policy = policy(100, 1, 0);
        try (NumbersHarness harness = new NumbersHarness(numbers)) {
            harness.run();
            bad.remove(Integer.valueOf(2));
            harness.run();

            assertThat(harness.letters())
                    .extracting(row -> row.get("item_key"), row -> row.get("state"), row -> row.get("attempts"))
                    .containsExactly(
                            org.assertj.core.groups.Tuple.tuple("number 2", "resolved", 1),
                            org.assertj.core.groups.Tuple.tuple("number 3", "open", 2));
        }
    }
}
