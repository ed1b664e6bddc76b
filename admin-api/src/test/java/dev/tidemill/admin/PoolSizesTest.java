package dev.tidemill.admin;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PoolSizesTest {

    @ParameterizedTest
    @CsvSource({"1, 1, 8", "2, 2, 8", "3, 2, 10", "8, 2, 20", "8, 16, 48", "100, 4, 48"})
    void everyRunOfTheProcessHasItsTwoConnections(int runs, int cores, int size) {
        assertThat(PoolSizes.batch(runs, cores)).isEqualTo(size);
    }

    @ParameterizedTest
    @CsvSource({"1, 8", "2, 8", "3, 12", "8, 32", "64, 32"})
    void queriesGetAFewForEachCore(int cores, int size) {
        assertThat(PoolSizes.app(cores)).isEqualTo(size);
    }
}
