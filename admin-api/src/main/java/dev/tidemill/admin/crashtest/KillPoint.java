package dev.tidemill.admin.crashtest;

/// A place in a run's conversation with the database at which a fault is injected.
public enum KillPoint {
    /// at a random time, wherever that is
    ANYWHERE("F01", "at any time"),
    /// a chunk is read and worked on, its first write is on its way
    WORKED("F01", "before a chunk's first write"),
    /// half of a message of COPY is sent
    COPYING("F02", "in the middle of a COPY"),
    /// business rows are written, the job repository's are not
    METADATA("F03", "between the business rows and the job repository"),
    /// everything is written, the COMMIT is not sent
    COMMITTING("F04", "before the COMMIT is sent"),
    /// the COMMIT is done, its reply never comes
    COMMIT_REPLY("F04", "after the COMMIT, before its reply"),
    /// the COMMIT's reply has come, the next read has not begun
    COMMITTED("F05", "after a chunk, before the next read"),
    /// a dead letter is about to be written
    REFUSING("F06", "while an item is refused"),
    /// a step has committed its last rows and is not marked completed
    FINISHING("F07", "between a step's last commit and its COMPLETED"),
    /// all chunks are done, the run is not marked completed
    COMPLETING("F07", "between the last chunk and COMPLETED"),
    /// the run is marked completed, the launch is not
    CONCLUDING("F07", "between COMPLETED and the end of the launch");

    private final String fault;
    private final String where;

    KillPoint(String fault, String where) {
        this.fault = fault;
        this.where = where;
    }

    public String fault() {
        return fault;
    }

    public String where() {
        return where;
    }
}
