package dev.tidemill.admin;

import dev.tidemill.admin.web.BadRequest;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Which statements the database spends its time on, where it keeps count of them.
@RestController
@RequestMapping("/actuator/statements")
@Tag(name = "statements", description = "Where the database's time goes")
class Statements {

    private static final String HOW =
            "The extension pg_stat_statements is not there. Have it loaded at the server's start"
                    + " (shared_preload_libraries = 'pg_stat_statements', then a restart), and run"
                    + " CREATE EXTENSION pg_stat_statements in this database";

    private final JdbcClient jdbc;

    Statements(Database database) {
        this.jdbc = JdbcClient.create(database.owner());
    }

    /// Statements of this database, constants left out, the costliest first.
    ///
    /// @param hint how to get them where there are none
    record View(boolean available, @Nullable String hint, List<Entry> statements) {}

    /// One statement, over all its calls since the counts were reset.
    record Entry(
            String query,
            String role,
            long calls,
            double totalMillis,
            double meanMillis,
            double maxMillis,
            long rows) {}

    @GetMapping
    @Operation(summary = "Statements by the time they took in all, constants left out")
    View statements(@RequestParam(name = "limit", defaultValue = "20") int limit) {
        if (limit < 1 || limit > 200) {
            throw new BadRequest("limit", "limit is " + limit + ": use a number from 1 to 200");
        }
        boolean available = jdbc.sql("""
                        SELECT current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%'
                          AND EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')
                        """).query(Boolean.class).single();
        if (!available) {
            return new View(false, HOW, List.of());
        }
        return new View(
                true,
                null,
                jdbc.sql("""
                        SELECT left(s.query, 2000) AS query, pg_get_userbyid(s.userid) AS role, s.calls, s.total_exec_time,
                               s.mean_exec_time, s.max_exec_time, s.rows
                        FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid AND d.datname = current_database()
                        ORDER BY s.total_exec_time DESC LIMIT :limit
                        """)
                        .param("limit", limit)
                        .query((row, number) -> new Entry(
                                row.getString("query"),
                                row.getString("role"),
                                row.getLong("calls"),
                                row.getDouble("total_exec_time"),
                                row.getDouble("mean_exec_time"),
                                row.getDouble("max_exec_time"),
                                row.getLong("rows")))
                        .list());
    }
}
