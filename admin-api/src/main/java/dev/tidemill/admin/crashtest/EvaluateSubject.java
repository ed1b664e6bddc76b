package dev.tidemill.admin.crashtest;

import java.util.List;
import java.util.Map;

/// Golden questions are asked of the live set, each once.
final class EvaluateSubject implements Subject {

    @Override
    public String job() {
        return "evaluate";
    }

    @Override
    public void prepare(World world, int round) throws InterruptedException {
        world.settle();
        Golden.plant(world);
    }

    @Override
    public Order order(World world, Side side, String identity, int round) {
        return Order.of(identity, job(), Map.of("mode", "hybrid"));
    }

    @Override
    public List<String> contents(World world, Side side, String identity, int round) {
        return Golden.answers(side, identity);
    }
}
