package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Everything is backed up. A backup is listed only when it is whole, its parts are what the manifest says,
/// level 2 passes, and a database made of it holds what the source holds.
final class BackupSubject implements Subject {

    @Override
    public String job() {
        return "backup";
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException {
        world.settle();
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return Order.of(identity, job(), Map.of());
    }

    @Override
    public List<String> contents(World world, Side side, String identity, int round) throws IOException {
        return Backups.contents(side);
    }

    @Override
    public List<String> faults(World world, Side side, String identity, int round)
            throws InterruptedException, IOException {
        List<String> faults = new ArrayList<>(Backups.faults(side));
        faults.addAll(Backups.keepers(side));
        if (!side.equals(world.reference()) && faults.isEmpty()) {
            String database = "of_backup_" + round;
            world.run(side, Order.of("verify-" + round, "verify", Map.of("backup", "latest", "level", "2")));
            world.run(side, Order.of("restore-" + round, "restore", Map.of("backup", "latest", "database", database)));
            faults.addAll(Backups.differences(world, side, database));
            side.execute("DROP DATABASE " + database);
        }
        return faults;
    }

    @Override
    public List<String> meanwhile(Side side) throws IOException {
        return Backups.half(side);
    }
}
