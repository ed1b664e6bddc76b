package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A database is made of a backup of the moment before. It bears its name only when it is whole, and holds what
/// the source holds.
final class RestoreSubject implements Subject {

    @Override
    public String job() {
        return "restore";
    }

    private static String database(Side side, int round) {
        return "restored_" + side.database() + "_" + round;
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException {
        world.settle();
        for (Side side : world.sides()) {
            world.run(side, Order.of("backup-to-restore-" + round, "backup", Map.of()));
        }
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return Order.of(identity, job(), Map.of("backup", "latest", "database", database(side, round)));
    }

    @Override
    public List<String> contents(World world, Side side, String identity, int round) {
        return new Ledger(world.database(database(side, round))).contents();
    }

    @Override
    public List<String> faults(World world, Side side, String identity, int round) throws IOException {
        List<String> faults = new ArrayList<>(Backups.differences(world, side, database(side, round)));
        faults.addAll(side.lines(
                "a database that is not whole",
                "SELECT datname FROM pg_database WHERE datname LIKE 'restored\\_" + side.database()
                        + "\\_%\\_restoring'"));
        Side copy =
                new Side(database(side, round), side.home(), side.files(), () -> world.database(database(side, round)));
        faults.addAll(copy.lines("an index or a constraint that is not whole", """
                SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid
                UNION ALL SELECT conname::text FROM pg_constraint WHERE NOT convalidated
                """));
        faults.addAll(copy.lines(
                "notes of the restore", "SELECT nspname FROM pg_namespace WHERE nspname = 'tidemill_restore'"));
        faults.addAll(Backups.faults(side));
        return faults;
    }

    @Override
    public void conclude(World world, int round) {
        world.sides().forEach(side -> side.execute("DROP DATABASE " + database(side, round)));
    }
}
