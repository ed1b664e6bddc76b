package dev.tidemill.evaluate;

/// Names of the job and its steps.
public final class Evaluate {

    /// The job's name in runs, YAML and endpoints.
    public static final String JOB = "evaluate";

    /// Type of the event that a canary raises.
    public static final String DROPPED = "quality.dropped";

    /// Type of the event that vectors raise which are not those of their texts.
    public static final String DRIFTED = "vectors.drifted";

    static final String OPEN = "open";
    static final String ASK = "ask";
    static final String CONCLUDE = "conclude";
    static final String AUDIT = "audit";

    private Evaluate() {}
}
