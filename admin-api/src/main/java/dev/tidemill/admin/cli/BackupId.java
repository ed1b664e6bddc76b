package dev.tidemill.admin.cli;

import picocli.CommandLine.Parameters;

/// The backup that a command is about.
final class BackupId {

    @Parameters(
            index = "0",
            defaultValue = "latest",
            paramLabel = "ID",
            description = "id of a backup, or latest (default)")
    private String id = "latest";

    @Override
    public String toString() {
        return id;
    }
}
