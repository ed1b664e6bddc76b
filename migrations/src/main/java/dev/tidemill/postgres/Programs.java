package dev.tidemill.postgres;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// PostgreSQL's client programs of one version on this machine: `pg_dump`, `psql` and their kin.
public record Programs(Path binDirectory, int major) {

    private static final Pattern MAJOR = Pattern.compile("PostgreSQL\\) (\\d+)");

    /// Those that fit a server: of the same major version, as an older `pg_dump` refuses a newer server and a newer
    /// one writes what an older server does not know.
    ///
    /// @param environment where PG_BINDIR and PATH are looked up
    /// @throws DatabaseUnavailable with a message for the operator
    public static Programs forServer(int major, Map<String, String> environment) {
        StringBuilder seen = new StringBuilder();
        for (Path bin : Installation.candidates(environment, Path.of("/"))) {
            Path dump = bin.resolve("pg_dump");
            if (!Files.isExecutable(dump)) {
                continue;
            }
            Matcher version = MAJOR.matcher(
                    Command.run(List.of(dump.toString(), "--version")).output());
            if (version.find()) {
                int found = Integer.parseInt(version.group(1));
                if (found == major) {
                    return new Programs(bin, major);
                }
                seen.append(seen.isEmpty() ? "" : ", ")
                        .append(found)
                        .append(" in ")
                        .append(bin);
            }
        }
        throw new DatabaseUnavailable("The server is PostgreSQL " + major + ", and pg_dump of that version is not here"
                + (seen.isEmpty() ? "" : " (found: " + seen + ")") + ". Install the package postgresql-client-" + major
                + ", or name its folder with PG_BINDIR.");
    }

    public String path(String program) {
        return binDirectory.resolve(program).toString();
    }
}
