package dev.tidemill.admin.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LauncherTest {

    @TempDir
    private Path folder = Path.of("");

    private Path root = Path.of("");
    private Path machine = Path.of("");

    @BeforeEach
    void layOutAMachine() throws IOException {
        root = Files.createDirectory(folder.resolve("my checkout"));
        machine = Files.createDirectory(folder.resolve("machine"));
        Path sources = projectRoot();
        copy(sources, "tidemill");
        copy(sources, "admin-api/src/main/scripts/postgresql-setup.sh");
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        // Maven's stand-in notes its words and makes the jar.
        script(machine.resolve("bin/mvn"), """
                echo "mvn $*" >>"%1$s/calls"
                echo "JAVA_HOME=$JAVA_HOME" >>"%1$s/calls"
                mkdir -p "%2$s/admin-api/target"
                echo jar >"%2$s/admin-api/target/tidemill.jar"
                """.formatted(folder, root));
        script(machine.resolve("bin/java"), "exit 1\n");
    }

    @Test
    void aNewerJdkBesideAnOldDefaultIsFound() throws Exception {
        jdk("java-17", "17.0.15");
        jdk("temurin-25", "25.0.3");
        Result result = run(Map.of("JAVA_HOME", machine + "/usr/lib/jvm/java-17"), "serve", "--port", "80 80");
        assertThat(result.exitCode()).isZero();
        assertThat(result.output())
                .contains("temurin-25 -Xmx512m --enable-native-access=ALL-UNNAMED")
                .contains("-Dtidemill.dist=" + root)
                .endsWith("<serve><--port><80 80>\n");
    }

    @Test
    void onlyAnOlderJdkGetsOneClearLine() throws Exception {
        jdk("java-17", "17.0.15");
        Result result = run(Map.of("JAVA_HOME", machine + "/usr/lib/jvm/java-17"), "serve");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.output().lines())
                .singleElement()
                .asString()
                .contains("needs a JDK of version 25 or newer", "the default one is 17", "JAVA_HOME");
    }

    @Test
    void version24IsTooOldAnd25AndLaterAreNot() throws Exception {
        jdk("only", "24.0.2");
        assertThat(run(Map.of(), "serve").exitCode()).isEqualTo(1);
        jdk("only", "25");
        assertThat(run(Map.of(), "serve").exitCode()).isZero();
        jdk("only", "26.0.1");
        assertThat(run(Map.of(), "serve").exitCode()).isZero();
    }

    @Test
    void theJarIsBuiltOnceAndAgainWhenASourceChanges() throws Exception {
        jdk("temurin-25", "25.0.3");
        run(Map.of(), "doctor");
        run(Map.of(), "doctor");
        assertThat(calls()).filteredOn(call -> call.startsWith("mvn")).hasSize(1);
        assertThat(calls().getFirst()).contains("-Dquick", "-DskipTests", "package");
        assertThat(calls()).contains("JAVA_HOME=" + machine + "/usr/lib/jvm/temurin-25");

        Path source =
                Files.createDirectories(root.resolve("jobs/src/main/java")).resolve("New.java");
        Files.writeString(source, "class New {}");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(5)));
        run(Map.of(), "doctor");
        assertThat(calls()).filteredOn(call -> call.startsWith("mvn")).hasSize(2);
    }

    @Test
    void aFailedBuildShowsMavensWordsAndStartsNothing() throws Exception {
        jdk("temurin-25", "25.0.3");
        script(machine.resolve("bin/mvn"), "echo '[ERROR] no such symbol'; exit 1\n");
        Result result = run(Map.of(), "serve");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.output())
                .contains("[ERROR] no such symbol", "the build failed")
                .doesNotContain("<serve>");
    }

    @Test
    void theProgramsExitCodeIsPassedOn() throws Exception {
        jdk("temurin-25", "25.0.3");
        assertThat(run(Map.of("FAKE_EXIT", "6"), "ingest").exitCode()).isEqualTo(6);
    }

    @Test
    void theDataFolderIsBesideTheLauncherUnlessNamed() throws Exception {
        jdk("temurin-25", "25.0.3");
        assertThat(run(Map.of("TIDEMILL_HOME", "/somewhere"), "serve").output()).contains("home=/somewhere ");
        assertThat(run(Map.of("TIDEMILL_HOME", "here"), "serve").output()).contains("home=" + folder + "/here ");
        assertThat(run(Map.of(), "serve").output()).containsAnyOf("home=" + root + "/data ", "home=/var/lib/tidemill ");
    }

    @Test
    void moreJvmOptionsComeAfterTheDefaults() throws Exception {
        jdk("temurin-25", "25.0.3");
        assertThat(run(Map.of("TIDEMILL_JAVA_OPTS", "-Xmx2g -Da=b"), "serve").output())
                .containsSubsequence("-Xmx512m", "-Xmx2g -Da=b", "-jar");
    }

    @Test
    void aLinkToTheLauncherFindsItsProject() throws Exception {
        jdk("temurin-25", "25.0.3");
        Path link = Files.createSymbolicLink(folder.resolve("linked"), Path.of("my checkout/tidemill"));
        assertThat(run(link, Map.of(), "serve").output()).contains("-Dtidemill.dist=" + root + " ");
    }

    @Test
    void demoOfAPathTakesThatAsItsCorpus() throws Exception {
        jdk("temurin-25", "25.0.3");
        postgresql(15, "0.8.0");
        Files.createDirectory(folder.resolve("my papers"));
        assertThat(run(Map.of(), "demo", "--port", "90", "my papers", "--exit").output())
                .endsWith("<demo><--corpus><my papers><--port><90><--exit>\n");
    }

    @Test
    void demoOfAMissingPathIsSaid() throws Exception {
        jdk("temurin-25", "25.0.3");
        postgresql(15, "0.8.0");
        Result result = run(Map.of(), "demo", "nowhere");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.output()).contains("nowhere does not exist");
    }

    @Test
    void demoTakesTheInstalledManual() throws Exception {
        jdk("temurin-25", "25.0.3");
        postgresql(15, "0.8.0");
        Path html = Files.createDirectories(machine.resolve("usr/share/doc/postgresql-doc-15/html"));
        Files.writeString(html.resolve("index.html"), "<html></html>");
        assertThat(run(Map.of(), "demo", "--all").output()).endsWith("<demo><--corpus><" + html + "><--all>\n");
    }

    @Test
    void testRunsTheWholeBuild() throws Exception {
        jdk("temurin-25", "25.0.3");
        postgresql(15, "0.8.0");
        assertThat(run(Map.of(), "test", "-pl", "jobs").exitCode()).isZero();
        assertThat(calls().getFirst()).endsWith("verify -pl jobs").doesNotContain("quick");
    }

    @Test
    void withPgvectorInPlaceOrAnotherDatabaseNothingIsInstalled() throws Exception {
        jdk("temurin-25", "25.0.3");
        script(machine.resolve("bin/apt-get"), "echo apt-get \"$@\"; exit 1\n");
        assertThat(run(Map.of("DATABASE_URL", "postgres://db/x"), "setup").exitCode())
                .isZero();
        postgresql(15, "0.8.0");
        Result result = run(Map.of(), "setup");
        assertThat(result.exitCode()).isZero();
        assertThat(result.output()).doesNotContain("apt-get");
    }

    @Test
    void aPlainUserWithoutRightsIsToldWhatIsMissing() throws Exception {
        jdk("temurin-25", "25.0.3");
        postgresql(15, "");
        asPlainUser();
        Result result = run(Map.of(), "setup");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.output().lines())
                .singleElement()
                .asString()
                .contains("pgvector 0.7 or newer for the PostgreSQL in " + machine, "may not install", "DATABASE_URL");
    }

    @Test
    void aPgvectorWithoutHalfPrecisionCountsAsMissing() throws Exception {
        jdk("temurin-25", "25.0.3");
        postgresql(15, "0.6.2");
        asPlainUser();
        assertThat(run(Map.of(), "setup").output()).contains("missing: pgvector 0.7 or newer");
    }

    @Test
    void onMacOsTheBrewLineIsSaid() throws Exception {
        jdk("temurin-25", "25.0.3");
        script(machine.resolve("bin/uname"), "echo Darwin\n");
        assertThat(run(Map.of(), "setup").output()).contains("brew install postgresql@17 pgvector");
    }

    @Test
    void thePackagedPgvectorIsInstalledWhereThereIsOne() throws Exception {
        jdk("temurin-25", "25.0.3");
        postgresql(17, "");
        script(machine.resolve("bin/id"), "echo 0\n");
        script(machine.resolve("bin/apt-cache"), "echo '  Candidate: 0.8.0-1'\n");
        script(machine.resolve("bin/apt-get"), """
                echo "apt-get $*" >>"%1$s/calls"
                case "$*" in *postgresql-17-pgvector*)
                  echo "default_version = '0.8.0'" >"%2$s/usr/share/postgresql/17/extension/vector.control" ;;
                esac
                """.formatted(folder, machine));
        Result result = run(Map.of(), "setup");
        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(calls())
                .anyMatch(call -> call.startsWith("apt-get install") && call.endsWith("postgresql-17-pgvector"));
        assertThat(calls()).noneMatch(call -> call.contains("server-dev"));
    }

    private record Result(int exitCode, String output) {}

    private Result run(Map<String, String> environment, String... words) throws IOException, InterruptedException {
        return run(root.resolve("tidemill"), environment, words);
    }

    private Result run(Path launcher, Map<String, String> environment, String... words)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("/bin/sh", launcher.toString()));
        command.addAll(List.of(words));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().put("PATH", machine + "/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        builder.environment().put("HOME", folder.toString());
        builder.environment().put("TIDEMILL_MACHINE_ROOT", machine.toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), output);
    }

    private List<String> calls() throws IOException {
        return Files.readAllLines(folder.resolve("calls"));
    }

    private void jdk(String name, String version) throws IOException {
        Path home = machine.resolve("usr/lib/jvm/" + name);
        script(home.resolve("bin/java"), """
                printf '%s ' "home=$TIDEMILL_HOME" "${JAVA_HOME##*/}"
                while [ "$1" != -jar ]; do printf '%s ' "$1"; shift; done
                printf -- '-jar '
                shift 2
                for word in "$@"; do printf '<%s>' "$word"; done
                echo
                exit "${FAKE_EXIT:-0}"
                """);
        script(home.resolve("bin/javac"), "exit 1\n");
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"" + version + "\"\n");
    }

    private void postgresql(int major, String pgvector) throws IOException {
        for (String program : List.of("initdb", "pg_ctl", "postgres")) {
            script(machine.resolve("usr/lib/postgresql/" + major + "/bin/" + program), "exit 1\n");
        }
        Path extension = Files.createDirectories(machine.resolve("usr/share/postgresql/" + major + "/extension"));
        if (!pgvector.isEmpty()) {
            Files.writeString(extension.resolve("vector.control"), "default_version = '" + pgvector + "'\n");
        }
    }

    private void asPlainUser() throws IOException {
        script(machine.resolve("bin/id"), "case $1 in -un) echo ada ;; *) echo 1000 ;; esac\n");
        script(machine.resolve("bin/sudo"), "exit 1\n");
        script(machine.resolve("bin/apt-get"), "exit 1\n");
    }

    private static void script(Path file, String body) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, "#!/bin/sh\n" + body);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void copy(Path sources, String file) throws IOException {
        Path target = root.resolve(file);
        Files.createDirectories(target.toAbsolutePath().getParent());
        Files.copy(sources.resolve(file), target);
    }

    private static Path projectRoot() {
        Path candidate = Path.of("").toAbsolutePath();
        while (!Files.isRegularFile(candidate.resolve("tidemill"))) {
            candidate = candidate.getParent();
            if (candidate == null) {
                throw new IllegalStateException("the launcher is in no folder above the working directory");
            }
        }
        return candidate;
    }
}
