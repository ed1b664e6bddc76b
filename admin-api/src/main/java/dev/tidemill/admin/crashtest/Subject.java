package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.util.List;

/// A job on trial: how the world is made ready for it, what is asked of it, and what it has to leave behind.
///
/// The corpus itself is compared after every job, so the lines of a subject are what the job leaves beside it.
sealed interface Subject
        permits IngestSubject,
                ReembedSubject,
                EvaluateSubject,
                BackupSubject,
                VerifySubject,
                RestoreSubject,
                PruneSubject,
                ForgetSubject,
                MigrateSubject,
                ExportSubject,
                ImportSubject {

    /// All of them, in the order in which they are tried.
    static List<Subject> all() {
        return List.of(
                new IngestSubject(),
                new ReembedSubject(),
                new EvaluateSubject(),
                new PruneSubject(),
                new ForgetSubject(),
                new MigrateSubject(),
                new ExportSubject(),
                new ImportSubject(),
                new BackupSubject(),
                new VerifySubject(),
                new RestoreSubject());
    }

    /// The job's name.
    String job();

    /// Makes the world of a round, the same on both sides.
    void prepare(World world, int round) throws InterruptedException, IOException;

    /// What is asked for on a side.
    Order order(World world, Side side, String identity, int round);

    /// Tells the documents' own ledger what the job has to have changed.
    default void expect(World world) {}

    /// What the job left, without ids and times: equal lines mean equal results.
    List<String> contents(World world, Side side, String identity, int round) throws IOException;

    /// What no run may leave, whether disturbed or not.
    default List<String> faults(World world, Side side, String identity, int round)
            throws InterruptedException, IOException {
        return List.of();
    }

    /// What must not be at any time: looked at after each fault.
    default List<String> meanwhile(Side side) throws IOException {
        return List.of();
    }

    /// Puts away what the next round would stumble over.
    default void conclude(World world, int round) throws InterruptedException {}
}
