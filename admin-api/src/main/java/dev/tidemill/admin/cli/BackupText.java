package dev.tidemill.admin.cli;

import java.io.PrintWriter;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/// Backups and drills as text.
final class BackupText {

    private static final String[] LEVELS = {
        "listed", "manifest and sizes", "all checksums", "restored and compared", "answers questions"
    };

    private BackupText() {}

    static String size(long bytes) {
        String[] units = {"B", "kB", "MB", "GB", "TB"};
        double size = bytes;
        int unit = 0;
        while (size >= 1000 && unit < units.length - 1) {
            size /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
    }

    static String level(JsonNode backup) {
        int level = backup.path("level").asInt(0);
        return "L" + level + " " + LEVELS[Math.clamp(level, 0, LEVELS.length - 1)];
    }

    static String row(JsonNode backup) {
        String damage = backup.path("damage").asString("");
        return String.format(
                Locale.ROOT,
                "%-38s %10s %14s rows  %6.1f s  %-25s %s%s",
                backup.path("id").asString(""),
                size(backup.path("bytes").asLong()),
                Output.number(backup.path("rows").asLong()),
                backup.path("seconds").asDouble(0),
                level(backup),
                backup.hasNonNull("pinned") ? "pinned " : "",
                damage.isEmpty() ? "" : "DAMAGED: " + Output.shortened(damage, 120));
    }

    /// @param repository of pgBackRest, nothing where it is not the engine
    static void repository(JsonNode repository, PrintWriter out) {
        if (repository.hasNonNull("trouble")) {
            out.println("pgBackRest: " + repository.path("trouble").asString(""));
        } else if (repository.hasNonNull("target")) {
            out.println("pgBackRest, " + repository.path("target").asString("")
                    + (repository.path("backups").isEmpty()
                            ? ": no backups, tidemill backup create --scope cluster makes one"
                            : ""));
            repository.path("backups").forEach(backup -> out.println(physical(backup)));
        }
    }

    static void physicalInfo(JsonNode backup, JsonNode repository, PrintWriter out) {
        out.println("backup: " + backup.path("label").asString(""));
        out.println("    status: " + (backup.path("error").asBoolean() ? "PAGES WITH A WRONG CHECKSUM" : "ok"));
        out.println("    made by: pgBackRest, " + backup.path("type").asString("")
                + (backup.hasNonNull("needs")
                        ? ", needs " + backup.path("needs").asString("")
                        : ""));
        out.println("    cipher: " + repository.path("cipher").asString("?"));
        out.println("    target: " + repository.path("target").asString(""));
        out.println("    made: " + backup.path("startedAt").asString("") + " to "
                + backup.path("completedAt").asString(""));
        out.println("    database size: " + size(backup.path("databaseBytes").asLong()) + " raw, backup size: "
                + size(backup.path("bytes").asLong()));
        out.println("    log: needs " + backup.path("firstSegment").asString("?") + " to "
                + backup.path("lastSegment").asString("?") + ", there is up to "
                + repository.path("lastSegment").asString("?"));
        out.println("    recovered by a drill: "
                + (backup.hasNonNull("recoveredAt")
                        ? backup.path("recoveredAt").asString("") + ", " + level(backup)
                        : "never"));
    }

    private static String physical(JsonNode backup) {
        return String.format(
                Locale.ROOT,
                "%-38s %10s %19s  pgbackrest %-8s %s%s%s",
                backup.path("label").asString(""),
                size(backup.path("bytes").asLong()),
                "of " + size(backup.path("databaseBytes").asLong()),
                backup.path("type").asString(""),
                backup.path("completedAt").asString(""),
                backup.hasNonNull("recoveredAt") ? " " + level(backup) : "",
                backup.path("error").asBoolean() ? " PAGES WITH A WRONG CHECKSUM" : "");
    }

    static void info(JsonNode detail, PrintWriter out) {
        JsonNode backup = detail.path("backup");
        String damage = backup.path("damage").asString("");
        out.println("backup: " + backup.path("id").asString(""));
        out.println("    status: " + (damage.isEmpty() ? "ok" : "DAMAGED: " + damage));
        out.println("    cipher: aes-256-gcm, key " + backup.path("keyId").asString("?"));
        out.println("    target: " + detail.path("target").asString(""));
        out.println("    scope: " + backup.path("scope").asString("?")
                + (backup.hasNonNull("workspace")
                        ? " " + backup.path("workspace").asString("")
                        : ""));
        out.println("    shows the database of: " + backup.path("snapshotAt").asString("?") + ", lsn "
                + detail.path("lsn").asString("?"));
        out.printf(
                Locale.ROOT,
                "    database size: %s raw, backup size: %s, %.1f s%n",
                size(backup.path("rawBytes").asLong()),
                size(backup.path("bytes").asLong()),
                backup.path("seconds").asDouble(0));
        out.println("    level: " + level(backup)
                + (backup.hasNonNull("levelAt") ? ", " + backup.path("levelAt").asString("") : ""));
        out.println("    pinned: " + backup.path("pinned").asString("no"));
        StringBuilder extensions = new StringBuilder();
        detail.path("extensions")
                .forEach(each ->
                        extensions.append(extensions.isEmpty() ? "" : ", ").append(each.asString("")));
        out.println("    postgresql " + detail.path("postgres").asString("?") + " (" + extensions + "), "
                + detail.path("changeSets").asInt() + " change sets, tidemill "
                + detail.path("program").asString("?"));
        out.println("    " + Output.number(backup.path("rows").asLong()) + " rows in "
                + detail.path("tables").size() + " tables, "
                + detail.path("parts").size() + " parts");
        for (JsonNode table : detail.path("tables")) {
            if (table.path("rows").asLong() > 0) {
                out.printf(
                        Locale.ROOT,
                        "        %-40s %15s%n",
                        table.path("name").asString(""),
                        Output.number(table.path("rows").asLong()));
            }
        }
    }

    static void drill(JsonNode drill, PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s  %-6s %-38s L%d  readable %s, RTO %s, RPO %s%n",
                drill.path("endedAt").asString(""),
                drill.path("passed").asBoolean() ? "passed" : "FAILED",
                drill.path("backup").asString(""),
                drill.path("level").asInt(),
                seconds(drill, "readableSeconds"),
                seconds(drill, "rtoSeconds"),
                seconds(drill, "rpoSeconds"));
        for (JsonNode finding : drill.path("findings")) {
            out.printf(
                    "    %-4s %-12s %s%n",
                    finding.path("well").asBoolean() ? "ok" : "BAD",
                    finding.path("check").asString(""),
                    finding.path("detail").asString(""));
        }
    }

    private static String seconds(JsonNode drill, String name) {
        return drill.hasNonNull(name)
                ? String.format(Locale.ROOT, "%.1f s", drill.path(name).asDouble())
                : "-";
    }
}
