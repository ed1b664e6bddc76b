package dev.tidemill.extract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.document.Block;
import dev.tidemill.document.BlockKind;
import dev.tidemill.document.RefusalReason;
import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Formats that are streamed in this JVM, from texts small enough to see.
class TextFormatsTest {

    private static final String JAPANESE = "これは日本語の文章です。特に変わったところはありません。";
    private static final String RUSSIAN =
            "Привет, мир. Это обычный текст на русском языке, в котором нет ничего нового.";
    private static final String CHINESE = "这是一个普通的中文句子，没有什么特别的地方。";
    private static final String KOREAN = "이것은 특별할 것 없는 한국어 문장입니다.";
    private static final String GERMAN = "Grüße aus Köln: schöne Straßen, überall Bäume – „fürwahr“.";

    @TempDir
    Path folder;

    private Extractor extractor;

    @BeforeEach
    void start() {
        extractor = new Extractor(ExtractLimits.defaults(), folder.resolve("spool"), 1);
    }

    @AfterEach
    void stop() {
        extractor.close();
    }

    private Result read(String name, String content) throws IOException, InterruptedException {
        return read(name, content.getBytes(StandardCharsets.UTF_8));
    }

    private Result read(String name, byte[] content) throws IOException, InterruptedException {
        return Result.of(extractor, Files.write(folder.resolve(name), content));
    }

    @ParameterizedTest
    @CsvSource({
        "UTF-8, de",
        "UTF-16LE, de",
        "UTF-16BE, de",
        "windows-1252, de",
        "Shift_JIS, ja",
        "EUC-JP, ja",
        "ISO-2022-JP, ja",
        "windows-1251, ru",
        "KOI8-R, ru",
        "IBM866, ru",
        "GB18030, zh",
        "Big5, zh",
        "EUC-KR, ko"
    })
    void aCharacterSetIsFoundWithoutBeingNamed(String charset, String language)
            throws IOException, InterruptedException {
        String text = (switch (language) {
                            case "de" -> GERMAN;
                            case "ja" -> JAPANESE;
                            case "ru" -> RUSSIAN;
                            case "zh" -> charset.equals("Big5") ? "這是一個普通的中文句子，沒有什麼特別的地方。" : CHINESE;
                            default -> KOREAN;
                        }
                        + "\n")
                .repeat(3);

        assertThat(read("unnamed.txt", text.getBytes(Charset.forName(charset))).text())
                .isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-8", "UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE"})
    void aByteOrderMarkDecidesAndIsNoText(String charset) throws IOException, InterruptedException {
        assertThat(read("mark.txt", "\ufeffÄ und 語\n".getBytes(Charset.forName(charset)))
                        .text())
                .isEqualTo("Ä und 語\n");
    }

    @Test
    void aDeclaredCharacterSetIsTaken() throws IOException, InterruptedException {
        String page = "<html><head><meta charset=\"iso-8859-2\"></head><body><p>Zażółć gęślą jaźń</p></body></html>";
        String xml = "<?xml version=\"1.0\" encoding=\"ISO-8859-7\"?><a><b>Αθήνα</b></a>";

        assertThat(read("declared.html", page.getBytes(Charset.forName("ISO-8859-2")))
                        .text())
                .isEqualTo("Zażółć gęślą jaźń\n");
        assertThat(read("declared.xml", xml.getBytes(Charset.forName("ISO-8859-7")))
                        .text())
                .isEqualTo("Αθήνα\n");
    }

    @Test
    void charactersFarFromTheStartDecideToo() throws IOException, InterruptedException {
        String ascii = "plain words\n\n".repeat(20_000);

        assertThat(read("late.txt", (ascii + "größer").getBytes(StandardCharsets.UTF_8))
                        .text())
                .endsWith("größer\n");
        assertThat(read("late1252.txt", (ascii + GERMAN).getBytes(Charset.forName("windows-1252")))
                        .text())
                .endsWith(GERMAN + "\n");
    }

    @Test
    void oneBrokenByteLeavesUtf8Utf8() throws IOException, InterruptedException {
        byte[] bytes = (JAPANESE + "?" + JAPANESE).getBytes(StandardCharsets.UTF_8);
        bytes[JAPANESE.getBytes(StandardCharsets.UTF_8).length] = (byte) 0xff;

        assertThat(read("broken.txt", bytes).text()).isEqualTo(JAPANESE + "\ufffd" + JAPANESE + "\n");
    }

    @Test
    void plainTextIsSplitAtBlankLines() throws IOException, InterruptedException {
        Result result = read("plain.txt", "\n\n  one\r\ntwo  \r\n\r\n\r\nthree\rfour\u0000\n");

        assertThat(result.texts(BlockKind.PARAGRAPH)).containsExactly("one\ntwo", "three\nfour");
        assertThat(result.text()).isEqualTo("one\ntwo\n\nthree\nfour\n");
        assertThat(result.extracted().title()).isNull();
    }

    @Test
    void aLongLineIsSplitAndNothingIsLost() throws IOException, InterruptedException {
        String words = "lorem ipsum dolor ".repeat(10_000);
        String faces = "\ud83d\ude00".repeat(50_000);

        assertThat(read("words.txt", words).text()).isEqualTo(words.stripTrailing() + " \n".substring(1));
        assertThat(read("faces.txt", "x" + faces).text()).isEqualTo("x" + faces + "\n");
    }

    @Test
    void markdownBecomesBlocks() throws IOException, InterruptedException {
        Result result = read("a.md", """
                ---
                title: "Front matter"
                author: Ann
                ---
                # A `first` [heading](http://x) #

                Text with <!-- a
                comment --> more.

                Setext
                ======
                - item one
                  goes on
                - item two
                1. three

                ```java
                # no heading

                int i;
                ```

                | a | b |
                |---|---|
                | 1 | 2 |

                    indented
                """);

        assertThat(result.extracted().title()).isEqualTo("Front matter");
        assertThat(result.extracted().metadata()).containsEntry("author", "Ann");
        assertThat(result.headings()).containsExactly("1 A first heading", "1 Setext");
        assertThat(result.texts(BlockKind.LIST_ITEM))
                .containsExactly("- item one\n  goes on", "- item two", "1. three");
        assertThat(result.texts(BlockKind.CODE)).containsExactly("# no heading\n\nint i;", "indented");
        assertThat(result.texts(BlockKind.TABLE_ROW)).containsExactly("| a | b |", "| 1 | 2 |");
        assertThat(result.text()).doesNotContain("comment");
    }

    @Test
    void aFenceThatNeverClosesIsCodeToTheEnd() throws IOException, InterruptedException {
        assertThat(read("a.md", "text\n\n~~~\na\n\n# b\n").texts(BlockKind.CODE))
                .containsExactly("a\n\n# b");
    }

    @Test
    void frontMatterThatNeverClosesIsText() throws IOException, InterruptedException {
        assertThat(read("a.md", "---\ntitle: x\nno end\n").text()).contains("no end");
    }

    @Test
    void asciidocBecomesBlocks() throws IOException, InterruptedException {
        Result result = read("a.adoc", """
                = The guide
                :toc:

                // comment
                See xref:other.adoc[the other page] and https://x.org[X].

                [source,java]
                ----
                == no heading
                ----

                * item
                . numbered

                == Part

                |===
                | a | b
                | c | d
                |===

                ////
                hidden
                ////
                """);

        assertThat(result.extracted().title()).isEqualTo("The guide");
        assertThat(result.headings()).containsExactly("1 The guide", "2 Part");
        assertThat(result.texts(BlockKind.CODE)).containsExactly("== no heading");
        assertThat(result.texts(BlockKind.LIST_ITEM)).containsExactly("* item", ". numbered");
        assertThat(result.texts(BlockKind.TABLE_ROW)).containsExactly("a | b", "c | d");
        assertThat(result.texts(BlockKind.PARAGRAPH)).containsExactly("See the other page and X.");
    }

    @Test
    void htmlBecomesBlocks() throws IOException, InterruptedException {
        Result result = read("a.html", """
                <!doctype html><html lang=en><head><title>The &amp; title</title><style>p{}</style></head><body>
                <nav><a href=x>menu</a></nav><div class="navheader">up</div>
                <h1>One</h1><p>Some <b>bold</b>
                words.<script>alert(1)</script></p>
                <ul><li>first<ul><li>nested</li></ul></li><li><p>second</p></li></ul>
                <pre>a
                  b</pre>
                <table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr></table>
                <table><tr><td><h2>Layout</h2>cell</td></tr></table>
                """);

        assertThat(result.extracted().title()).isEqualTo("The & title");
        assertThat(result.extracted().metadata()).containsEntry("language", "en");
        assertThat(result.headings()).containsExactly("1 One", "2 Layout");
        assertThat(result.texts(BlockKind.LIST_ITEM)).containsExactly("first", "nested", "second");
        assertThat(result.texts(BlockKind.CODE)).containsExactly("a\n  b");
        assertThat(result.texts(BlockKind.TABLE_ROW)).containsExactly("k | v", "1 | 2");
        assertThat(result.text()).contains("Some bold words.", "cell").doesNotContain("alert", "menu", "up\n", "p{");
    }

    @Test
    void aPageThatIsOnlyNavigationIsReadWhole() throws IOException, InterruptedException {
        assertThat(read("a.html", "<html><body><div class=toc><p>Chapter</p></div></body></html>")
                        .text())
                .isEqualTo("Chapter\n");
    }

    @Test
    void deeplyNestedHtmlIsRead() throws IOException, InterruptedException {
        String page = "<html><body>" + "<div>".repeat(50_000) + "deep" + "</div>".repeat(50_000);

        assertThat(read("deep.html", page).text()).contains("deep");
    }

    @Test
    void aLargePageIsReadByAChild() throws IOException, InterruptedException {
        String page = "<html><body>" + "<p>words of a large page</p>".repeat(100_000);

        assertThat(read("large.html", page).blocks()).hasSize(100_000);
        assertThat(extractor.processIds()).hasSize(1);
    }

    @Test
    void separatedValuesAreRowsWithNames() throws IOException, InterruptedException {
        assertThat(read("a.csv", "name,note\n\"Smith, J\",\"said \"\"hi\"\"\"\nLee,\n")
                        .texts(BlockKind.TABLE_ROW))
                .containsExactly("name: Smith, J | note: said \"hi\"", "name: Lee");
        assertThat(read("b.csv", "name;size\nx;1\n").texts(BlockKind.TABLE_ROW)).containsExactly("name: x | size: 1");
        assertThat(read("c.tsv", "1\t2\n3\t4\n").texts(BlockKind.TABLE_ROW)).containsExactly("1 | 2", "3 | 4");
    }

    @Test
    void aQuoteThatNeverClosesIsCorrupt() throws IOException, InterruptedException {
        Result result = read("a.csv", "a,b\n1,\"" + "x\n".repeat(600_000));

        assertThat(result.reason()).isEqualTo(RefusalReason.CORRUPT);
        assertThat(result.detail()).contains("line 2");
    }

    @Test
    void jsonBecomesPathsAndValues() throws IOException, InterruptedException {
        assertThat(read("a.json", "{\"a\":{\"b\":1,\"c\":[\"x\",\"y\"]},\"d\":null,\"e\":true}")
                        .text())
                .isEqualTo("a.b: 1\na.c: x, y\ne: true\n");
        assertThat(read("b.json", "{\"rows\":[{\"n\":\"one\"},{\"n\":\"two\"}]}")
                        .texts(BlockKind.PARAGRAPH))
                .containsExactly("n: one", "n: two");
        assertThat(read("c.jsonl", "{\"n\":1}\n{\"n\":2}\n").texts(BlockKind.PARAGRAPH))
                .containsExactly("n: 1", "n: 2");
    }

    @Test
    void brokenJsonNamesTheLine() throws IOException, InterruptedException {
        Result result = read("a.json", "{\"a\": 1,\n \"b\": }");

        assertThat(result.reason()).isEqualTo(RefusalReason.CORRUPT);
        assertThat(result.detail()).contains("line 2");
    }

    @Test
    void jsonNestedAsDeepAsAllowedIsReadAndDeeperIsNot() throws IOException, InterruptedException {
        assertThat(read("a.json", "[".repeat(500) + "1" + "]".repeat(500)).reason())
                .isNull();
        assertThat(read("b.json", "[".repeat(501) + "1" + "]".repeat(501)).reason())
                .isEqualTo(RefusalReason.BOMB);
    }

    @Test
    void xmlKeepsRunningTextTogetherAndRecordsApart() throws IOException, InterruptedException {
        Result result = read("a.xml", """
                <?xml version="1.0"?>
                <book><title>T</title>
                  <para>Text with <em>words</em> in it &amp; &unknown; <![CDATA[a & b &c;]]></para>
                  <sect><title>S</title>
                    <programlisting>x
                      y</programlisting>
                    <table><row><entry>1</entry><entry>2</entry></row></table>
                  </sect>
                </book>
                """);

        assertThat(result.headings()).containsExactly("1 T", "2 S");
        assertThat(result.texts(BlockKind.PARAGRAPH)).containsExactly("Text with words in it & &unknown; a & b &c;");
        assertThat(result.of(BlockKind.CODE))
                .singleElement()
                .extracting(Block::text)
                .asString()
                .startsWith("x\n");
        assertThat(result.texts(BlockKind.TABLE_ROW)).containsExactly("1 | 2");
    }

    @Test
    void brokenXmlNamesTheLine() throws IOException, InterruptedException {
        Result result = read("a.xml", "<a>\n<b>\n</a>");

        assertThat(result.reason()).isEqualTo(RefusalReason.CORRUPT);
        assertThat(result.detail()).contains("line 3");
    }

    @Test
    void anEndlessTagIsRefusedBeforeItFillsTheMemory() throws IOException, InterruptedException {
        assertThat(read("a.xml", "<a b=\"" + "x".repeat(GuardedReader.MAX_TOKEN + 100_000))
                        .reason())
                .isEqualTo(RefusalReason.CORRUPT);
    }

    @Test
    void entitiesThatExpandTooFarAreABombAndFewAreNot() throws IOException, InterruptedException {
        String start = "<!DOCTYPE a [<!ENTITY x \"" + "y".repeat(1000) + "\">";
        String refer = "<!ENTITY z \"" + "&x;".repeat(1001) + "\">";

        assertThat(read("a.xml", start + "]><a>&x;</a>").reason()).isNull();
        assertThat(read("b.xml", start + refer + "]><a>&z;</a>").reason()).isEqualTo(RefusalReason.BOMB);
    }

    @Test
    void cuesCarryTheirTimes() throws IOException, InterruptedException {
        Result vtt = read("a.vtt", """
                WEBVTT - Talk

                NOTE not shown

                intro
                00:01.500 --> 00:02.000 align:start
                <v Ann>Hello <i>there</i>

                01:00:00.000 --> 01:00:01.250
                two
                lines
                """);
        assertThat(vtt.extracted().title()).isEqualTo("Talk");
        assertThat(vtt.blocks())
                .containsExactly(
                        new Block(BlockKind.CUE, 0, "Ann: Hello there\n", null, 1_500L, 2_000L),
                        new Block(BlockKind.CUE, 0, "two\nlines\n", null, 3_600_000L, 3_601_250L));

        Result srt = read(
                "b.txt", "1\r\n00:00:01,000 --> 00:00:02,5\r\nHi\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nyo\r\n");
        assertThat(srt.extracted().mediaType()).isEqualTo("application/x-subrip");
        assertThat(srt.of(BlockKind.CUE)).extracting(Block::endMillis).containsExactly(2_500L, 4_000L);
    }

    @Test
    void aMailTakesThePlainAlternativeAndNamesItsAttachments() throws IOException, InterruptedException {
        Result mail = read("a.eml", """
                From: =?utf-8?q?J=C3=BCrgen?= <j@example.org>
                To: ann@example.org
                Subject: =?utf-8?b?R3LDvMOfZQ==?=
                MIME-Version: 1.0
                Content-Type: multipart/mixed; boundary=m

                --m
                Content-Type: multipart/alternative; boundary=a

                --a
                Content-Type: text/plain; charset=iso-8859-1
                Content-Transfer-Encoding: quoted-printable

                plain =FCber
                --a
                Content-Type: text/html

                <p>marked up</p>
                --a--
                --m
                Content-Type: application/pdf; name="plan.pdf"
                Content-Disposition: attachment; filename="plan.pdf"
                Content-Transfer-Encoding: base64

                JVBERi0=
                --m--
                """);

        assertThat(mail.extracted().title()).isEqualTo("Grüße");
        assertThat(mail.extracted().metadata())
                .containsEntry("author", "Jürgen <j@example.org>")
                .containsEntry("attachments", "plan.pdf");
        assertThat(mail.text()).contains("plain über").doesNotContain("marked up");
    }

    @Test
    void naughtyStringsComeThroughAsText() throws IOException, InterruptedException {
        for (String name : SharedFiles.all("strings")) {
            Result result = Result.of(extractor, SharedFiles.folder("strings").resolve(name));
            assertThat(result.reason()).as("%s: %s", name, result.detail()).isNull();
        }
        Path naughty = SharedFiles.folder("strings").resolve("naughty/blns.txt");
        List<String> kept = Result.of(extractor, naughty).text().lines().toList();
        assertThat(kept)
                .contains("<script>alert(0)</script>", "田中さんにあげて下さい", "../../../../../../../../../../../etc/passwd%00");
    }
}
