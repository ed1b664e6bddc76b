package dev.tidemill.admin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RunWatchTest {

    @Test
    void aStepWithATotalShowsABarARateAndTheTimeLeft() {
        assertThat(RunWatch.line("embed", 250, 1_000, 25.0))
                .isEqualTo("embed     [######------------------] 250/1,000  25.0/s  ETA 0:30");
    }

    @Test
    void withoutARateTheTimeLeftIsBeingEstimated() {
        assertThat(RunWatch.line("embed", 0, 1_000, 0)).endsWith("0/1,000  estimating");
    }

    @Test
    void aFinishedStepHasNoTimeLeft() {
        assertThat(RunWatch.line("embed", 10, 10, 5)).endsWith("10/10  5.0/s");
    }

    @Test
    void aStepWithoutATotalOnlyCounts() {
        assertThat(RunWatch.line("discover", 1_234, 0, 9)).isEqualTo("discover  1,234");
    }

    @Test
    void moreDoneThanExpectedDoesNotBreakTheBar() {
        assertThat(RunWatch.line("embed", 12, 10, 5)).contains("[########################]");
    }
}
