package dev.tidemill.admin.crashtest;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/// The newest backup is read whole. Nothing of it changes but what is known of it.
final class VerifySubject implements Subject {

    @Override
    public String job() {
        return "verify";
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException, IOException {
        world.settle();
        Backups.settle(world);
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return Order.of(identity, job(), Map.of("backup", "latest", "level", "2"));
    }

    @Override
    public List<String> contents(World world, Side side, String identity, int round) throws IOException {
        return Backups.contents(side);
    }

    @Override
    public List<String> faults(World world, Side side, String identity, int round) throws IOException {
        return Backups.faults(side);
    }
}
