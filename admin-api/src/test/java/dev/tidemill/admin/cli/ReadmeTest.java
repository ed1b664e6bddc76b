package dev.tidemill.admin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.admin.TestServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The commands that the README shows are there and run.
class ReadmeTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"|(\\S+)");

    @TempDir
    Path folder;

    private static List<List<String>> commands() throws IOException {
        List<List<String>> commands = new ArrayList<>();
        boolean code = false;
        for (String line : Files.readAllLines(ROOT.resolve("README.md"))) {
            if (line.startsWith("```")) {
                code = !code;
            } else if (code && line.startsWith("./tidemill ")) {
                List<String> words = new ArrayList<>();
                Matcher matcher = WORD.matcher(line.replaceFirst("\\s+#.*", "").substring("./tidemill ".length()));
                while (matcher.find()) {
                    words.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
                }
                commands.add(words);
            }
        }
        return commands;
    }

    @Test
    void everyCommandOfTheReadmeRuns() throws IOException {
        String launcher = Files.readString(ROOT.resolve("tidemill"));
        Files.writeString(folder.resolve("note.md"), "# Note\n\nA base backup is taken with pg_basebackup.\n");
        List<List<String>> commands = commands();
        assertThat(commands).hasSizeGreaterThan(6);
        try (TestServer server = new TestServer()) {
            for (List<String> command : commands) {
                String name = command.getFirst();
                if (List.of("demo", "test").contains(name)) {
                    assertThat(launcher).as("the launcher knows %s", name).contains("\n  " + name + ")");
                } else if (List.of("serve", "crash-test").contains(name)) {
                    // They take their time; CrashTestTest runs the one, every other command here the other.
                    assertThat(run(server, List.of(name, "--help"))).isZero();
                } else if (name.equals("doctor")) {
                    // The tests' database does not sync its files, which the doctor is right to find fault with.
                    assertThat(run(server, command)).isEqualTo(ExitCode.VERIFICATION_FAILED);
                } else {
                    List<String> arguments = command.stream()
                            .map(word -> word.startsWith("~/") ? folder.toString() : word)
                            .toList();
                    assertThat(run(server, arguments)).as("%s", arguments).isZero();
                }
            }
        }
    }

    private static int run(TestServer server, List<String> arguments) {
        StringWriter out = new StringWriter();
        return new CommandLineTool(server.home, Map.of(), new PrintWriter(out, true), new PrintWriter(out, true))
                .run(arguments.toArray(String[]::new));
    }
}
