package dev.tidemill.admin.schedules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.admin.TestServer;
import dev.tidemill.run.Jobs;
import dev.tidemill.run.Runs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The files that come with the program, against its jobs.
class ShippedFilesTest {

    private static final Path SHIPPED = Path.of("../schedules");
    private static final Pattern YAML = Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL);

    private static TestServer server;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() {
        server = new TestServer();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    private static Jobs jobs() {
        return server.bean(Runs.class).jobs();
    }

    @Test
    void everyFileNamesAJobThatTakesItsParameters() {
        assertThat(ScheduleFolder.read(SHIPPED, jobs()))
                .extracting(entry -> entry.schedule().name())
                .containsExactlyInAnyOrder(
                        "ingest-hourly",
                        "backup-nightly",
                        "drill-weekly",
                        "prune-daily",
                        "prune-installation",
                        "canary-after-ingest",
                        "canary-after-reembed");
    }

    @Test
    void theExamplesOfTheDocumentationAreRead() throws IOException {
        List<String> examples = YAML.matcher(Files.readString(Path.of("../docs/schedules.md")))
                .results()
                .map(match -> match.group(1))
                .toList();
        assertThat(examples).hasSize(2);
        assertThat(ScheduleReader.read("one", examples.get(0)).cron()).isNotNull();
        assertThat(ScheduleReader.read("two", examples.get(1)).after()).isNotNull();
    }

    @Test
    void aJobThatIsNotThereIsNamed() throws Exception {
        Files.writeString(folder.resolve("bad.yaml"), "job: nothing\ncron: 0 30 2 * * ?\n");
        assertThatThrownBy(() -> ScheduleFolder.read(folder, jobs()))
                .isInstanceOf(InvalidSchedule.class)
                .hasMessageContaining("schedules/bad.yaml: job: there is no job \"nothing\"");
    }
}
