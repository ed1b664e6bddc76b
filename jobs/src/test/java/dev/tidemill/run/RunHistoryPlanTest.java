package dev.tidemill.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.transaction.support.TransactionTemplate;

/// With 10,000 runs and a million dead letters no page reads a whole table.
class RunHistoryPlanTest {

    private static final UUID WORKSPACE = new UUID(1, 1);
    private static final UUID OTHER = new UUID(2, 2);
    private static final List<String> TABLES = List.of(
            "runs",
            "launches",
            "batch_job_execution",
            "batch_job_execution_params",
            "batch_step_execution",
            "batch_step_execution_context",
            "run_failures",
            "dead_letters");

    private static History history;

    @BeforeAll
    static void write() throws IOException {
        history = new History();
        history.script(Files.readString(Path.of("../bench/history.sql"))
                .replace("${workspace}", WORKSPACE.toString())
                .replace("${other}", OTHER.toString())
                .replace("${runs}", "10000")
                .replace("${letters}", "100"));
    }

    @AfterAll
    static void drop() {
        history.close();
    }

    static Stream<Arguments> pages() {
        Instant spring = Instant.parse("2026-02-20T00:00:00Z");
        return Stream.of(
                Arguments.of("default", RunQuery.newest(50), 50),
                Arguments.of("deep", query(null, null, null, null, Map.of(), null, null, 500L), 50),
                Arguments.of("job", query("backup", null, null, null, Map.of(), null, null, null), 50),
                Arguments.of("unknown job", query("nothing", null, null, null, Map.of(), null, null, null), 0),
                Arguments.of("status", query(null, "FAILED", null, null, Map.of(), null, null, null), 50),
                Arguments.of("no such status", query(null, "UNKNOWN", null, null, Map.of(), null, null, null), 0),
                Arguments.of("state", query(null, null, RunState.FAILED, null, Map.of(), null, null, null), 50),
                Arguments.of(
                        "skips",
                        query(null, null, RunState.COMPLETED_WITH_SKIPS, null, Map.of(), null, null, null),
                        50),
                Arguments.of("live", query(null, null, RunState.RUNNING, null, Map.of(), null, null, null), 0),
                Arguments.of("from", query(null, null, null, spring, Map.of(), null, null, null), 50),
                Arguments.of("origin", query(null, null, null, null, Map.of(), null, "schedule:nightly", null), 50),
                Arguments.of(
                        "parameter",
                        query(null, null, null, null, Map.of("location", "/data/source-7"), null, null, null),
                        50),
                Arguments.of("text", query(null, null, null, null, Map.of(), "quarterly", null, null), 10),
                Arguments.of("text nowhere", query(null, null, null, null, Map.of(), "no such thing", null, null), 0));
    }

    private static RunQuery query(
            @Nullable String job,
            @Nullable String status,
            @Nullable RunState state,
            @Nullable Instant from,
            Map<String, String> parameters,
            @Nullable String text,
            @Nullable String origin,
            @Nullable Long before) {
        return new RunQuery(job, status, state, from, null, parameters, text, origin, before, 50);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("pages")
    void noPageReadsAWholeTable(String name, RunQuery query, int found) {
        Map<String, Long> scans = new HashMap<>();
        List<RunView> runs = new TransactionTemplate(history.transactions).execute(status -> {
            List<RunView> page = history.runs.page(WORKSPACE, query).runs();
            TABLES.forEach(table -> scans.put(
                    table,
                    history.app
                            .sql("SELECT pg_stat_get_xact_numscans(:table::regclass)")
                            .param("table", table)
                            .query(Long.class)
                            .single()));
            return page;
        });

        assertThat(scans.values()).as("sequential scans: %s", scans).containsOnly(0L);
        if (found == 50) {
            assertThat(runs).hasSize(50);
        } else {
            assertThat(runs.size()).isBetween(found, 49);
        }
    }

    @Test
    void theDetailReadsNoWholeTableEither() {
        Long scans = new TransactionTemplate(history.transactions).execute(status -> {
            assertThat(history.runs.detail(WORKSPACE, 6)).isPresent();
            return history.app
                    .sql(
                            "SELECT sum(pg_stat_get_xact_numscans(oid))::bigint FROM pg_class WHERE relname = ANY (:tables)")
                    .param("tables", TABLES.toArray(String[]::new))
                    .query(Long.class)
                    .single();
        });

        assertThat(scans).isZero();
    }
}
