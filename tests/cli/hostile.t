#!/usr/bin/perl
# Hostile inputs: each ends with its documented status, in time and in bounded memory, with every record accounted for.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Compress::Raw::Zlib qw(crc32 Z_OK Z_STREAM_END Z_FINISH Z_NO_FLUSH);
use IO::Compress::Gzip qw(gzip $GzipError);
use Test::More;
use Time::HiRes qw(sleep time);
use KycTest;
use KycRun;

my $seconds_max = 10;
my $memory_max = 160 * 1024;    # KiB, with a little room over what 64 MiB and a record of 100 MB can need
my $nowhere = {url => 'http://127.0.0.1:9', out => "kyc-sandbox: payward: api_key demo-key, api_secret ZGVtbw==\n"};
my ($header, @rows) = split /\n/, csv_rows(40);
my $columns = () = $header =~ /,/g;
my $case = case_new($nowhere, rows => 1);
my $ndjson = case_new($nowhere, rows => 1);

sub packed { my ($text, @options) = @_; gzip(\$text, \my $bytes, @options) or die $GzipError; return $bytes }
sub export { return join "\n", $header, @_, '' }
sub rows { my ($from, $to) = @_; return @rows[$from - 1 .. $to - 1] }
sub name_of { my ($name, $n) = @_; (my $row = $rows[$n || 0]) =~ s/,Alex,/,$name,/; return $row }

# Runs check on a file; returns (status, seconds, peak KiB, standard error). Killed after the time limit.
sub check_of
{
    my ($case, $path, @more) = @_;
    $case->{checked} = 1;
    unlink "$case->{folder}/reports/test/check/summary.json";
    my $began = time;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        my @command = case_arguments($case, 'check', '-q', '--input', $path, @more);
        open STDERR, '>', "$case->{folder}/err";
        open STDOUT, '>', '/dev/null';
        open STDIN, '<', '/dev/null';
        { exec {$command[0]} @command; }
        POSIX::_exit(127);
    }
    my $peak = 0;
    while (waitpid($pid, POSIX::WNOHANG()) == 0) {
        if (open my $status, '<', "/proc/$pid/status") {
            my $text = join '', <$status>;    # before its exec the child is this script
            $peak = $1 if $text =~ /^Name:\s+kyc-import\n.*^VmHWM:\s+(\d+)/ms && $1 > $peak;
        }
        kill 'KILL', $pid if time - $began > $seconds_max;
        sleep 0.005;
    }
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return ($status, time - $began, $peak, read_file("$case->{folder}/err"));
}

my $tried = 0;

# want: status, and of the summary read, rejected and the rules.
sub holds
{
    my ($sentence, $bytes, $status, $read, $rules, %option) = @_;
    $tried++;
    my $of = $option{ndjson} ? $ndjson : $case;
    my $path = ref $bytes ? $$bytes : "$of->{folder}/hostile";
    write_file($path, $bytes) if !ref $bytes;
    my ($got, $seconds, $peak, $err) = check_of($of, $path, $option{ndjson} ? ('--set', 'input.format=ndjson') : (), @{$option{more} || []});
    subtest $sentence => sub {
        is($got, $status, "status $status") or diag $err;
        cmp_ok($seconds, '<', $seconds_max, sprintf '%.1f s', $seconds);
        cmp_ok($peak, '<', $memory_max, "$peak KiB at most") if !$ENV{KYC_ASAN};
        like($err, $option{err}, 'the message helps') if $option{err};
        return if !defined $read;
        my $summary = eval { case_summary($of) };
        ok($summary, 'there is a summary') or return;
        is($summary->{read}, $read, "$read records read");
        is($summary->{valid} + $summary->{rejected}, $summary->{read}, 'each is valid or rejected');
        is_deeply($summary->{rejects_by_rule}, $rules || {}, 'rejected by rule');
        if ($option{broken}) { ok(index(case_rejects($of, 'broken.csv.gz'), $option{broken}) >= 0, 'its bytes are in broken.csv.gz') }
    };
}

my $ten = export(rows(1, 10));
my $gz = packed($ten);

# gzip
holds('several members', packed($header . "\n") . packed(join "\n", rows(1, 5), '') . packed(join "\n", rows(6, 10), ''), 0, 10);
holds('a record over two members', packed(substr $ten, 0, 300) . packed(substr $ten, 300), 0, 10);
holds('an empty member between', $gz . packed('') . packed(join "\n", rows(11, 12), ''), 0, 12);
holds('zero padding', $gz . "\0" x 10_000, 0, 10);
holds('garbage after a member', $gz . 'garbage', 3, 10, {}, err => qr/not gzip.*|offset/);
holds('a member after zero padding', $gz . "\0\0\0" . $gz, 3, 10, {});
holds('a damaged second header', $gz . "\x1f\x8b\x07\0\0\0\0\0\0\3" . substr($gz, 10), 3, 10, {}, err => qr/method|gzip/);
holds('a wrong checksum', substr($gz, 0, -8) . "\1\2\3\4" . substr($gz, -4), 3, 10, {}, err => qr/checksum/);
holds('a wrong length', substr($gz, 0, -4) . "\1\2\3\4", 3, 10, {}, err => qr/length/);
holds('without its trailer', substr($gz, 0, -8), 3, 10, {}, err => qr/cut.*|truncat|ends/);
holds('a magic and nothing more', "\x1f\x8b", 3, undef, undef);
holds('a header and nothing more', substr($gz, 0, 10), 3, undef, undef);
holds('a header with a name that never ends', "\x1f\x8b\x08\x08\0\0\0\0\0\3" . 'x' x 100_000, 3, undef, undef);
holds('an empty gzip', packed(''), 3, undef, undef);
holds('gzip in gzip', packed($gz), 3, undef, undef, err => qr/header|gzip/);
holds('a stored member', packed($ten, -Level => 0), 0, 10);
holds('a member with all that a header may have', packed($ten, -Name => 'n', -Comment => 'c', -ExtraField => "ab\2\0xy"), 0, 10);
{
    my $broken = packed(export(map { @rows } 1 .. 100));
    substr($broken, int(length($broken) / 2), 4) = "\xff\xff\xff\xff";
    write_file("$case->{folder}/hostile", $broken);
    my ($status) = check_of($case, "$case->{folder}/hostile");
    is($status, 3, 'damage in the middle is status 3');
    my $summary = case_summary($case);
    is($summary->{rejects_by_rule}{'record/cut'} || 0, 1, 'the record at the damage is cut');
    is($summary->{valid} + $summary->{rejected}, $summary->{read}, 'and the rest is accounted for');
    $tried++;
}

# So many MiB of one byte, packed.
sub bomb
{
    my ($path, $lead, $byte, $mib) = @_;
    open my $pipe, '|-', "gzip -1 > '$path'" or die;
    binmode $pipe;
    print {$pipe} $lead;
    my $block = $byte x (1 << 20);
    print {$pipe} $block for 1 .. $mib;
    close $pipe;
    return \$path;
}
my $mib = $ENV{KYC_BOMB_MIB} || 24;    # 1024 for a GiB
my $bombs = scratch_folder();
holds('a bomb of zeros', bomb("$bombs/zeros", $ten, "\0", $mib), 1, 11, {'record/too_long' => 1});
holds('a bomb of newlines', bomb("$bombs/newlines", $ten, "\n", $mib), 0, 10);
holds('a bomb of quotes', bomb("$bombs/quotes", $ten, '"', $mib), 1, 11, {'record/too_long' => 1});
holds('a bomb before any header', bomb("$bombs/first", '', 'x', $mib), 3, undef, undef);
holds('a bomb of blanks', bomb("$bombs/blanks", $ten, ' ', $mib), 1, 11, {'record/too_long' => 1});

# In pieces: this script must stay small, because each check is a fork of it.
sub large_cell
{
    my ($mb) = @_;
    my $path = "$bombs/large";
    open my $file, '>', $path or die "$path: $!";
    my ($before, $after) = split /LARGE/, export(rows(1, 1), name_of('LARGE', 1), rows(3, 3));
    print {$file} $before;
    print {$file} 'z' x 1_000_000 for 1 .. $mb;
    print {$file} $after;
    close $file;
    return \$path;
}

# records
my $bad = 'record/malformed';
holds('a lone quote in a cell', export(rows(1, 1), name_of('A"lex'), rows(3, 4)), 1, 4, {$bad => 1}, broken => 'A"lex');
holds('a quote that is not closed', export(rows(1, 1), name_of('"Alex'), rows(3, 4)), 1, 4, {$bad => 1}, broken => '"Alex');
holds('text after a closing quote', export(rows(1, 1), name_of('"Al"ex'), rows(3, 4)), 1, 4, {$bad => 1});
holds('an open quote at the very end', export(rows(1, 3)) . '"', 1, 4, {$bad => 1});
holds('quotes alone', export(rows(1, 2), '"""', '""', rows(3, 3)), 1, 5, {$bad => 1, 'record/columns' => 1});
holds('a quoted newline, a quoted quote, a quoted delimiter', export(name_of("\"A\nl\r\ne\"\"x,\"")), 0, 1);
holds('a NUL', export(rows(1, 1), name_of("Al\0ex", 1), rows(3, 3)), 1, 3, {'first_name/encoding' => 1});
holds('NULs only', export(rows(1, 1), "\0" x 100, rows(3, 3)), 1, 3, {'record/columns' => 1});
holds('too few cells', export(rows(1, 1), 'a,b', rows(3, 3)), 1, 3, {'record/columns' => 1});
holds('too many cells', export(rows(1, 1), "$rows[1],x", rows(3, 3)), 1, 3, {'record/columns' => 1});
holds('delimiters alone', export(rows(1, 1), ',' x 5000, rows(3, 3)), 1, 3, {'record/columns' => 1});
holds('a line over max_record', export(rows(1, 1), 'x' x 2_000_000, rows(3, 3)), 1, 3, {'record/too_long' => 1});
holds('a well-formed record over max_record', export(rows(1, 1), name_of('"' . 'y' x 1_500_000 . '"', 1), rows(3, 3)), 1, 3, {'record/too_long' => 1});
holds('a cell of 100 MB', large_cell(100), 1, 3, {'record/too_long' => 1});
holds('a cell of 900 KB', export(rows(1, 1), name_of('z' x 900_000, 1), rows(3, 3)), 0, 3);
holds('100,000 columns', join(',', $header, map { "c$_" } 1 .. 100_000) . "\n" . "$rows[0]" . ',' x 100_000 . "\n$rows[1]\n", 1, 2, {'record/columns' => 1});
holds('100,000 columns with the same name', join(',', $header, ('c') x 100_000) . "\n" . "$rows[0]" . ',' x 100_000 . "\n", 0, 1);
holds('a mapped column twice', "$header,email\n$rows[0],x\n", 2, undef, undef, err => qr/email.*twice|email.*both|two/s);

# the frame
holds('an empty file', '', 3, undef, undef, err => qr/empty|header/);
holds('a header only', "$header\n", 3, 0, {}, err => qr/min_records/);
holds('a header without its newline', $header, 3, 0, {});
holds('a byte order mark', "\xef\xbb\xbf$ten", 0, 10);
holds('two byte order marks', "\xef\xbb\xbf\xef\xbb\xbf$ten", 2, undef, undef);
holds('half a byte order mark', "\xef\xbb$ten", 3, undef, undef);
holds('UTF-16 with a mark, packed', packed("\xff\xfe" . join '', map { "$_\0" } split //, $ten), 3, undef, undef, err => qr/UTF-16/);
holds('a quoted header', join("\n", join(',', map { "\"$_\"" } split /,/, $header), rows(1, 3), ''), 0, 3);
holds('a broken header', "\"$header\n$rows[0]\n", 3, undef, undef);
holds('CR alone', join("\r", $header, rows(1, 5), ''), 0, 5);
holds('mixed newlines', "$header\r\n$rows[0]\n$rows[1]\r$rows[2]\r\n\r\n\n\r$rows[3]", 0, 4);
holds('without the last newline', export(rows(1, 3)) . $rows[3], 0, 4);
holds('blank lines everywhere', "\n\n\r\n$header\n\n\n" . join("\n\n\r\n", rows(1, 3)) . "\n\n", 0, 3);
holds('a sep= line of Excel', "sep=,\n$ten", 0, 10);

# text
my %text = ('an overlong form' => "A\xc0\xafb", 'a surrogate' => "A\xed\xa0\x80b", 'beyond Unicode' => "A\xf4\x90\x80\x80b", 'a lone continuation' => "A\x80b",
    'a control character of C1' => "O\xc2\x92Brien", 'NEL' => "Alex\xc2\x85", 'a private-use character' => "A\xee\x80\x80b",
    'a character that is cut' => "Ab\xc3", 'latin1' => "Andr\xe9", 'U+FFFD' => "A\xef\xbf\xbdb", 'bytes 0xfe and 0xff' => "\xfe\xff");
holds("$_ in a cell", export(rows(1, 1), name_of($text{$_}, 1), rows(3, 3)), 1, 3, {'first_name/encoding' => 1}) for sort keys %text;
holds('bad bytes in a column that is not mapped', join("\n", "$header,note", "$rows[0],\xff\xfe", "$rows[1],\0", ''), 0, 2);
holds('zero-width and bidirectional characters', export(name_of("A\xe2\x80\x8bl\xe2\x80\xaeex")), 0, 1);
holds('combining marks without end', export(name_of('A' . "\xcc\x81" x 200_000)), 0, 1);
holds('a formula', export(name_of('=cmd|x')), 0, 1);
holds('a control sequence', export(name_of("\e[2J\e]0;x\aAlex")), 0, 1);

# NDJSON
sub object
{
    my ($n, %more) = @_;
    my @names = split /,/, $header;
    my @cells = split /,/, $rows[$n - 1];
    my %cell = map { $names[$_] => $cells[$_] } 0 .. $#names;
    return JSON::PP->new->canonical->encode({%cell, %more});
}
my $one = object(1);
sub lines { return join "\n", object(1), @_, object(2), '' }
my @json = (
    ['no object', '[1,2]'], ['a string', '"x"'], ['an open object', '{"a":1'], ['a member twice', '{"customer_id":"x","customer_id":"y"}'], ['a number with a leading zero', '{"a":01}'],
    ['NaN', '{"a":NaN}'], ['a comma too many', '{"a":1,}'], ['something behind', '{"a":1} x'], ['two objects', '{"a":1}{"b":2}'], ['a control character in a string', "{\"a\":\"\x01\"}"],
    ['a bad escape', '{"a":"\q"}'], ['a lone minus', '{"a":-}'], ['a comment', '{"a":1} // x'], ['single quotes', "{'a':1}"],
    ['objects 65 deep', '{"a":' x 65 . '1' . '}' x 65], ['arrays 100,000 deep', '{"a":' . '[' x 100_000 . ']' x 100_000 . '}'], ['a bad byte outside of a string', "{\"a\":1}\xff"],
);
holds("NDJSON: $_->[0]", lines($_->[1]), 1, 3, {$bad => 1}, ndjson => 1) for @json;
holds('NDJSON: 64 deep is fine', lines('{"deep":' . '[' x 63 . ']' x 63 . ',' . substr(object(3), 1)), 0, 3, {}, ndjson => 1);
holds('NDJSON: a bad byte in a string', lines(do { (my $line = object(3)) =~ s/"given_name":"Alex"/"given_name":"Al\xffex"/; $line }), 1, 3, {'first_name/encoding' => 1}, ndjson => 1);
holds('NDJSON: a bad byte in a member that is not mapped', lines(do { (my $line = object(3)) =~ s/^\{/{"note":"\xff",/; $line }), 0, 3, {}, ndjson => 1);
holds('NDJSON: a lone surrogate', lines(do { (my $line = object(3)) =~ s/"given_name":"Alex"/"given_name":"Al\\ud800ex"/; $line }), 1, 3, {'first_name/encoding' => 1}, ndjson => 1);
holds('NDJSON: an escaped NUL', lines(do { (my $line = object(3)) =~ s/"given_name":"Alex"/"given_name":"Al\\u0000ex"/; $line }), 1, 3, {'first_name/encoding' => 1}, ndjson => 1);
holds('NDJSON: an escaped control character of C1', lines(do { (my $line = object(3)) =~ s/"given_name":"Alex"/"given_name":"O\\u0092Brien"/; $line }), 1, 3, {'first_name/encoding' => 1}, ndjson => 1);
holds('NDJSON: blank lines and a mark', "\xef\xbb\xbf\n\n  \t\r\n" . lines('', "\r"), 0, 2, {}, ndjson => 1);
holds('NDJSON: without the last newline', object(1) . "\n" . object(2), 0, 2, {}, ndjson => 1);
holds('NDJSON: a line over max_record', lines('{"a":"' . 'x' x 3_000_000 . '"}'), 1, 3, {'record/too_long' => 1}, ndjson => 1);
holds('NDJSON: 100,000 members', lines('{' . join(',', map { "\"m$_\":$_" } 1 .. 60_000) . ',' . substr(object(3), 1)), 0, 3, {}, ndjson => 1);
holds('NDJSON: an empty file', '', 3, undef, undef, ndjson => 1);

# An input that is cut at every position: the records before it count, and a cut gzip is never accepted as complete.
subtest 'cut at every byte' => sub {
    my $small = packed(export(rows(1, 1)));
    my (@wrong, %read);
    for my $len (0, 2 .. length($small) - 1) {
        write_file("$case->{folder}/hostile", substr $small, 0, $len);
        my ($status) = check_of($case, "$case->{folder}/hostile");
        push @wrong, "$len: status $status" if $status != 3;
        next if !-e "$case->{folder}/reports/test/check/summary.json";
        my $summary = case_summary($case);
        my $cut = $summary->{rejects_by_rule}{'record/cut'} || 0;
        push @wrong, "$len: " . join ' ', %{$summary->{rejects_by_rule}} if $summary->{rejected} != $cut || $cut > 1;
        push @wrong, "$len: does not add up" if $summary->{valid} + $cut != $summary->{read} || $summary->{read} > 1;
    }
    is("@wrong", '', 'each cut of a gzip is status 3, with at most the last record rejected');
    my $plain = export(rows(1, 2));
    @wrong = ();
    for my $len (grep { $_ % 2 } length($header) + length($rows[0]) + 2 .. length($plain)) {
        write_file("$case->{folder}/hostile", substr $plain, 0, $len);
        my ($status) = check_of($case, "$case->{folder}/hostile");
        my $summary = case_summary($case);
        push @wrong, "$len: status $status" if $status > 1;
        push @wrong, "$len: does not add up" if $summary->{valid} + $summary->{rejected} != $summary->{read};
    }
    is("@wrong", '', 'each cut of a plain file is accounted for');
    $tried += 2;
};
cmp_ok($tried, '>=', 60, "$tried hostile inputs");
done_testing;
