package dev.tidemill.admin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.admin.Home;
import dev.tidemill.admin.TestServer;
import dev.tidemill.postgres.TestDatabase;
import dev.tidemill.schema.Schema;
import dev.tidemill.store.FirstStart;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;

/// `migrate apply` on a database with documents: backup, rehearsal, change; and the way back.
class MigrateApplyTest {

    @TempDir
    private Path folder;

    private record Ran(int code, String out) {}

    private Ran run(TestDatabase database, String... arguments) {
        StringWriter out = new StringWriter();
        int code = new CommandLineTool(
                        new Home(folder),
                        Map.of("DATABASE_URL", TestServer.url(database)),
                        new PrintWriter(out, true),
                        new PrintWriter(out, true))
                .run(arguments);
        return new Ran(code, out.toString());
    }

    @Test
    void aChangeIsBackedUpAndRehearsedBeforeItIsAppliedAndBackedUpBeforeItIsTakenBack() {
        try (TestDatabase database = TestDatabase.create()) {
            JdbcClient owner = JdbcClient.create(database.dataSource());
            FirstStart.ensure(database.dataSource());
            owner.sql("""
                    WITH s AS (INSERT INTO sources (workspace_id, project_id, type, location)
                               SELECT workspace_id, id, 'directory', '/a' FROM projects LIMIT 1 RETURNING *)
                    INSERT INTO documents (workspace_id, project_id, source_id, key)
                    SELECT workspace_id, project_id, id, 'a.md' FROM s
                    """).update();
            Schema.rollBack(database.dataSource(), 1);
            long applied = changeSets(owner);

            Ran refused = run(database, "migrate", "rehearse");
            assertThat(refused.code()).as(refused.out()).isEqualTo(ExitCode.NOT_FOUND);
            assertThat(refused.out()).contains("there is no whole backup");

            Ran first = run(database, "migrate", "apply");
            assertThat(first.code()).as(first.out()).isZero();
            assertThat(first.out())
                    .contains("no backup of everything was ever made: making one")
                    .contains("was made first")
                    .contains("rehearsed: 1 change sets in ")
                    .contains("1 change sets applied");
            assertThat(changeSets(owner)).isEqualTo(applied + 1);

            Ran rehearsed = run(database, "migrate", "rehearse");
            assertThat(rehearsed.code()).as(rehearsed.out()).isZero();
            assertThat(rehearsed.out()).contains("1 change sets in ");
            assertThat(owner.sql("SELECT count(*) FROM backups WHERE state = 'complete'")
                            .query(Long.class)
                            .single())
                    .isEqualTo(1);

            Ran back = run(database, "migrate", "rollback", tag(first.out()), "--yes");
            assertThat(back.code()).as(back.out()).isZero();
            assertThat(back.out()).contains("was made first").contains("1 change sets taken back");
            assertThat(changeSets(owner)).isEqualTo(applied);
            assertThat(owner.sql("SELECT count(*) FROM backups WHERE state = 'complete'")
                            .query(Long.class)
                            .single())
                    .isEqualTo(2);
        }
    }

    private static String tag(String told) {
        Matcher tag = Pattern.compile("migrate rollback (\\S+)'").matcher(told);
        assertThat(tag.find()).as(told).isTrue();
        return tag.group(1);
    }

    private static long changeSets(JdbcClient owner) {
        return owner.sql("SELECT count(*) FROM databasechangelog")
                .query(Long.class)
                .single();
    }
}
