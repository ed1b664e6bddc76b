package dev.tidemill.admin.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ApiKeyTest {

    @Test
    void aGeneratedKeyIsReadBack() {
        for (int seed = 0; seed < 500; seed++) {
            ApiKey key = ApiKey.generate(new Random(seed));
            assertThat(ApiKey.parse(key.text())).contains(key);
        }
    }

    @Test
    void aKeyWithAnyCharacterChangedIsNone() {
        String text = ApiKey.generate(new Random(1)).text();
        for (int i = 0; i < text.length(); i++) {
            char other = text.charAt(i) == 'x' ? 'y' : 'x';
            assertThat(ApiKey.parse(text.substring(0, i) + other + text.substring(i + 1)))
                    .as("changed at " + i)
                    .isEmpty();
        }
        assertThat(ApiKey.parse(text + "x")).isEmpty();
        assertThat(ApiKey.parse(text.substring(1))).isEmpty();
    }

    @Test
    void noTwoKeysAreAlikeAndNoneShowsItsSecret() {
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            ApiKey key = ApiKey.generate();
            assertThat(seen.add(key.text())).isTrue();
            assertThat(key.toString()).doesNotContain(key.text().substring(13));
        }
    }
}
