package dev.tidemill.admin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class RunWatchTest {

    private static String line(String step, String current) {
        return RunWatch.line(JsonMapper.shared()
                .readTree(
                        "{\"progress\":{\"step\":\"" + step + "\",\"current\":{" + current.replace('\'', '"') + "}}}"));
    }

    @Test
    void aStepWithATotalShowsABarTheRateAndTheTimeLeftWithItsBand() {
        assertThat(line(
                        "embed",
                        "'done':250,'total':1000,'rate':25.04,'etaSeconds':30,'etaLowSeconds':25,'etaHighSeconds':70"))
                .isEqualTo("embed     [######------------------] 250/1,000  25.0/s  ETA 0:30 (0:25–1:10)");
    }

    @Test
    void withoutAnUpperEndTheBandIsNotShown() {
        assertThat(line("embed", "'done':250,'total':1000,'rate':25,'etaSeconds':30,'etaLowSeconds':25"))
                .endsWith("ETA 0:30");
    }

    @Test
    void whatIsBeingEstimatedSaysSo() {
        assertThat(line("embed", "'done':0,'total':1000,'estimating':true")).endsWith("0/1,000  estimating");
    }

    @Test
    void aStalledStepSaysWhenItLastCommitted() {
        assertThat(line("embed", "'done':5,'total':1000,'stalled':true,'lastCommit':'2026-05-01T12:00:00Z'"))
                .endsWith("5/1,000  STALLED, last commit 2026-05-01T12:00:00Z");
    }

    @Test
    void aFinishedStepHasNoTimeLeft() {
        assertThat(line("embed", "'done':10,'total':10,'rate':5,'etaSeconds':0"))
                .endsWith("10/10");
    }

    @Test
    void aStepWithoutATotalOnlyCounts() {
        assertThat(line("discover", "'done':1234,'rate':9")).isEqualTo("discover  1,234  9.0/s");
    }

    @Test
    void moreDoneThanExpectedDoesNotBreakTheBar() {
        assertThat(line("embed", "'done':12,'total':10")).contains("[########################]");
    }

    @Test
    void aRunThatWaitsSaysForWhat() {
        assertThat(RunWatch.line(
                        JsonMapper.shared().readTree("{\"state\":\"QUEUED\",\"waitingFor\":\"a free place\"}")))
                .isEqualTo("QUEUED, waits for a free place");
        assertThat(RunWatch.line(JsonMapper.shared().readTree("""
                        {"state":"RETRYING","retry":{"attempt":3,"of":5,"dueAt":"2026-05-01T12:00:00Z","error":"reset"}}
                        """)))
                .isEqualTo("RETRYING 3 of 5 at 2026-05-01T12:00:00Z: reset");
    }
}
