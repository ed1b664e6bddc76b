package dev.tidemill.prune;

/// Names of the job that removes what its retention is over for.
public final class Prune {

    /// The job's name in runs, dead letters, YAML and endpoints.
    public static final String JOB = "prune";

    static final String GUARD = "guard";
    static final String REINDEX = "reindex";
    static final String PRECAUTION = "precaution";
    static final String ACCOUNT = "account";

    private Prune() {}
}
