#!/usr/bin/perl
# The ledger of one build compared with that of another:
#
#   perl tests/bench/ledger.pl NEW_BUILD [OLD_BUILD]
#
# A build is a folder with kyc-import, kyc-sandbox, fill-ledger, generate-rows and ledger-commits (`make all
# bench-tools`). Prints a table of figures and their ratios, new ÷ old; without OLD_BUILD the figures alone. The builds
# take turns within each figure, so that a noisy neighbour affects both; figures of time are medians.
#
# PARTS='size rate verify' chooses parts, ROUNDS=N (default 5) of rate, ROWS=N (default 1,000,000) customers of rate and
# verify, CREATES=N (default 20,000) of size; BREAKDOWN=1 also prints where the bytes are: by table, index and column.
#
# size    bytes per customer with its events after real runs against the sandbox, at each provider. `file`: the database
#         after a checkpoint, minus that of a ledger without customers, so it counts whole pages (27 bytes each of 150
#         customers); `payload`: the bytes of its cells.
# rate    durable creates per second in commits of 256, each of which journals new customers with random keys and
#         acknowledges those of the commit before; in an empty ledger, and in one of ROWS customers. And the times of
#         its commits, the longest of which meet a checkpoint.
# verify  `status --verify` of ROWS customers.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use JSON::PP;
use KycTest;
use Time::HiRes qw(time);

die "usage: ledger.pl NEW_BUILD [OLD_BUILD]\n" if @ARGV < 1 || @ARGV > 2;
my @builds = map { abs_path($_) || die "$_: no such folder\n" } @ARGV;
my @names = ('new', 'old')[0 .. $#builds];
my %wanted = map { $_ => 1 } split ' ', $ENV{PARTS} || 'size rate verify';
my $rounds = $ENV{ROUNDS} || 5;
my $rows = $ENV{ROWS} || 1_000_000;
my $creates = $ENV{CREATES} || 20_000;

# The limits of new ÷ old.
my %limit = (size => '<= 1.15', rate => '>= 1.00', verify => '<= 0.90');

my %fields = (
    'payward' => 'birth_city: birth_city, birth_country: birth_country, occupation: occupation, language: language',
    'kraken-embed' => 'birth_city: birth_city, birth_country: birth_country, occupation: occupation, language: language, tos_version: {value: 1}',
    'payso' => 'state: {value: CA}',
    'kira' => 'occupation: occupation, language: {value: en}, source_of_funds: {value: salary}, account_purpose: {value: receive_payments}',
);
my %credentials = (
    'payward' => 'api_key: env:KYC_BENCH_KEY, api_secret: env:KYC_BENCH_SECRET',
    'kraken-embed' => 'api_key: env:KYC_BENCH_KEY, api_secret: env:KYC_BENCH_SECRET',
    'payso' => 'token: env:KYC_BENCH_TOKEN',
    'kira' => 'api_key: env:KYC_BENCH_KEY, client_id: env:KYC_BENCH_CLIENT, password: env:KYC_BENCH_PASSWORD',
);

die "$_/ledger-commits is missing: choose PARTS='size verify'\n" for grep { $wanted{rate} && !-x "$_/ledger-commits" } @builds;

# Of programs that send nothing.
@ENV{qw(KYC_BENCH_KEY KYC_BENCH_SECRET KYC_BENCH_TOKEN KYC_BENCH_CLIENT KYC_BENCH_PASSWORD)} = ('bm90IGEgc2VjcmV0') x 5;

printf "%-52s %12s %12s %9s %9s\n", 'what', $names[0], $names[1] || '', @builds > 1 ? ('new ÷ old', '  limit') : ('', '');
size() if $wanted{size};
my $scratch = scratch_folder();
my @ledgers;
if ($wanted{rate} || $wanted{verify}) {
    rate_from_empty() if $wanted{rate};
    @ledgers = map { filled($_) } 0 .. $#builds;
    verify() if $wanted{verify};
    rate_when_filled() if $wanted{rate};
}

sub line
{
    my ($what, $format, $limit, @values) = @_;
    my @cells = map { sprintf $format, $_ } @values;
    my $ratio = @values > 1 && $values[1] ? sprintf '%.3f', $values[0] / $values[1] : '';
    $cells[1] = '' if @cells < 2;
    printf "%-52s %12s %12s %9s %9s\n", $what, @cells, $ratio, $ratio ne '' ? $limit || '' : '';
}

sub count_text { return $rows >= 1_000_000 ? sprintf('%g M', $rows / 1e6) : $rows; }

sub median { my @sorted = sort { $a <=> $b } @_; return $sorted[$#sorted / 2]; }

# The output of a program of a build; the test ends when it fails.
sub output
{
    my (@command) = @_;
    my ($status, $out, $err) = run_program(@command);
    die "@command: status $status: $err" if $status;
    return $out;
}

sub sql { return split /\n/, output('sqlite3', '-separator', ' ', @_); }

sub write_job
{
    my ($folder, $provider) = @_;
    write_file("$folder/$provider.yaml", <<"END");
job: ledger-$provider
input: {path: rows.csv, min_records: 0}
provider:
  name: $provider
  base_url: http://127.0.0.1:1/$provider
  credentials: {$credentials{$provider}}
fields: {external_id: customer_id, first_name: given_name, last_name: family_name, email: email, phone: mobile,
         date_of_birth: {column: dob, format: DD/MM/YYYY}, address_line1: street, city: city, postal_code: postal_code,
         country: country, nationalities: {column: nats, split: "|"},
         $fields{$provider}}
rules: [@{[$provider eq 'payso' ? '{field: national_id, required: false}' : '']}]
delivery: {canary: 0}
END
    return "$folder/$provider.yaml";
}

sub write_rows
{
    my ($folder, $build, $count) = @_;
    write_file("$folder/rows.csv", output("$build/generate-rows", $count, '--keys', 'random'));
    return "$folder/rows.csv";
}

sub set_credentials
{
    my ($sandbox, $provider) = @_;
    if ($provider eq 'payward' || $provider eq 'kraken-embed') {
        ($ENV{KYC_BENCH_KEY}, $ENV{KYC_BENCH_SECRET}) = @{(sandbox_keys($sandbox, $provider))[0]};
        return;
    }
    my $login = sandbox_login($sandbox, $provider);
    $ENV{KYC_BENCH_TOKEN} = $login->{token} if $provider eq 'payso';
    @ENV{qw(KYC_BENCH_KEY KYC_BENCH_CLIENT KYC_BENCH_PASSWORD)} = @{$login}{qw(api_key client_id password)} if $provider eq 'kira';
}

# Creates count customers at a rate, in a ledger of its own; returns its path, with everything in the file itself.
sub created
{
    my ($folder, $build, $provider, $count, $rate) = @_;
    local $ENV{KYC_BUILD} = $build;
    my $ledger = "$folder/size.ledger";
    my $job = write_job($folder, $provider);
    write_rows($folder, $builds[0], $count);
    unlink glob "$folder/size.ledger*";
    my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
    set_credentials($sandbox, $provider);
    output("$build/kyc-import", 'run', $job, '-q', '--progress', 'never', '--new-ledger', '--report', "$folder/report",
        map { ('--set', $_) } "report=$folder/report", "ledger=sqlite:$ledger", "provider.base_url=$sandbox->{url}/$provider",
        "delivery.rate=$rate/s", 'delivery.in_flight=64', $provider =~ /^(payward|kraken-embed)$/ ? 'provider.nonce_window=10000000000' : ());
    my $users = sandbox_counts($sandbox)->{$provider}{users};
    sandbox_stop($sandbox);
    die "$provider: $users users of $count" if $users != $count;
    sql($ledger, 'PRAGMA wal_checkpoint(TRUNCATE)');
    return $ledger;
}

# The size of the file, and of the cells in it.
sub sizes { return (-s $_[0], (sql($_[0], 'SELECT sum(payload) FROM dbstat'))[0]); }

# Those of a ledger without customers.
sub sizes_empty
{
    my ($folder, $build, $provider) = @_;
    my $job = write_job($folder, $provider);
    write_rows($folder, $builds[0], 0);
    unlink glob "$folder/empty.ledger*";
    output("$build/fill-ledger", $job, "$folder/rows.csv", "$folder/empty.ledger");
    sql("$folder/empty.ledger", 'PRAGMA wal_checkpoint(TRUNCATE)');
    return sizes("$folder/empty.ledger");
}

sub breakdown
{
    my ($name, $provider, $count, $ledger) = @_;
    for (sql($ledger, 'SELECT name, sum(pgsize), sum(payload), sum(unused) FROM dbstat GROUP BY name HAVING sum(pgsize) > 8192 ORDER BY 2 DESC')) {
        my ($object, @bytes) = split / /;
        printf "    %s %s %-34s pages %7.1f  payload %7.1f  unused %6.1f\n", $name, $provider, $object, map { $_ / $count } @bytes;
    }
    for my $table (qw(customer event)) {
        my %bytes;
        for my $column (map { (split / /)[1] } sql($ledger, "PRAGMA table_info($table)")) {
            # A number takes 0 bytes when it is 0 or 1, else 1, 2, 3, 4, 6 or 8.
            my ($sum) = sql($ledger, "SELECT coalesce(sum(CASE typeof(\"$column\") WHEN 'integer' THEN CASE "
                    . "WHEN \"$column\" IN (0, 1) THEN 0 WHEN \"$column\" BETWEEN -128 AND 127 THEN 1 WHEN \"$column\" BETWEEN -32768 AND 32767 THEN 2 "
                    . "WHEN \"$column\" BETWEEN -8388608 AND 8388607 THEN 3 WHEN \"$column\" BETWEEN -2147483648 AND 2147483647 THEN 4 "
                    . "WHEN \"$column\" BETWEEN -140737488355328 AND 140737488355327 THEN 6 ELSE 8 END "
                    . "WHEN 'null' THEN 0 ELSE length(CAST(\"$column\" AS BLOB)) END), 0) FROM $table");
            $bytes{$column} = $sum / $count if $sum;
        }
        delete $bytes{id}; # it is the key of the row
        my ($have) = sql($ledger, "SELECT count(*) FROM $table");
        printf "    %s %s %s: %d rows; bytes of columns per customer: %s\n", $name, $provider, $table, $have,
            join ', ', map { sprintf '%s %.1f', $_, $bytes{$_} } sort { $bytes{$b} <=> $bytes{$a} } keys %bytes;
    }
}

sub size
{
    for my $case ([$creates, 3000], [150, 10]) {
        my ($count, $rate) = @{$case};
        for my $provider ('payward', 'kraken-embed', 'payso', 'kira') {
            my (@file, @payload, @text);
            for my $i (0 .. $#builds) {
                my $folder = scratch_folder();
                my @empty = sizes_empty($folder, $builds[$i], $provider);
                my $ledger = created($folder, $builds[$i], $provider, $count, $rate);
                my @full = sizes($ledger);
                push @file, ($full[0] - $empty[0]) / $count;
                push @payload, ($full[1] - $empty[1]) / $count;
                next if !$ENV{BREAKDOWN};
                open my $text, '>', \my $lines;
                my $before = select $text;
                breakdown($names[$i], $provider, $count, $ledger);
                select $before;
                push @text, $lines;
            }
            line("$provider, $count creates at $rate/s: file", '%.1f B', $limit{size}, @file);
            line('  payload', '%.1f B', $limit{size}, @payload);
            print @text;
        }
    }
}

# A ledger of ROWS customers at payward.
sub filled
{
    my ($i) = @_;
    my $ledger = "$scratch/filled-$i.ledger";
    my $job = write_job($scratch, 'payward');
    write_rows($scratch, $builds[0], $rows) if !-e "$scratch/rows.csv";
    output("$builds[$i]/fill-ledger", $job, "$scratch/rows.csv", $ledger);
    sql($ledger, 'PRAGMA wal_checkpoint(TRUNCATE)');
    return $ledger;
}

# Seconds by the clock and of user time of a program.
sub timed
{
    my (@command) = @_;
    my ($start, $user) = (time, (times)[2]);
    my $out = output(@command);
    return (time - $start, (times)[2] - $user, $out);
}

sub verify
{
    my (@wall, @user);
    for my $round (1 .. 3) {
        for my $i (0 .. $#builds) {
            my ($wall, $user) = timed("$builds[$i]/kyc-import", 'status', "$scratch/payward.yaml", '--verify', '--set', "ledger=sqlite:$ledgers[$i]");
            push @{$wall[$i]}, $wall;
            push @{$user[$i]}, $user;
        }
    }
    line(sprintf('status --verify of %s customers, by the clock', count_text()), '%.2f s', $limit{verify}, map { median(@{$_}) } @wall);
    line('  user time', '%.2f s', '', map { median(@{$_}) } @user);
}

# Rounds of ledger-commits; ledger: its path for a build and a round. Each round's keys are its own.
sub rate
{
    my ($what, $count, $ledger) = @_;
    my (@rate, %time);
    for my $round (1 .. $rounds) {
        for my $i ($round % 2 ? 0 .. $#builds : reverse 0 .. $#builds) {
            my %figure = output("$builds[$i]/ledger-commits", "$scratch/payward.yaml", $ledger->($i, $round), $count, $round) =~ /(\w+) ([\d.]+)/g;
            push @{$rate[$i]}, $figure{per_second};
            push @{$time{$_}[$i]}, $figure{$_} for qw(p50 p99 max batch_p50 batch_max);
        }
    }
    line("$what: creates/s", '%.0f', $limit{rate}, map { median(@{$_}) } @rate);
    for my $figure (qw(p50 p99 max)) {
        line("  its commit, $figure", '%.2f ms', '', map { median(@{$_}) } @{$time{$figure}});
    }
    line('  its commit, max of all rounds', '%.2f ms', '<= 40 ms', map { (sort { $b <=> $a } @{$_})[0] } @{$time{max}});
    line('  its commit and writes, p50', '%.2f ms', '', map { median(@{$_}) } @{$time{batch_p50}});
    line('  its commit and writes, max of all rounds', '%.2f ms', '', map { (sort { $b <=> $a } @{$_})[0] } @{$time{batch_max}});
}

sub rate_from_empty
{
    write_job($scratch, 'payward');
    rate('in an empty ledger', 50_000, sub {
        my ($i, $round) = @_;
        unlink glob "$scratch/rate-$i.ledger*";
        return "$scratch/rate-$i.ledger";
    });
}

sub rate_when_filled
{
    rate(sprintf('in one of %s customers', count_text()), 100_000, sub { return $ledgers[$_[0]]; });
}
