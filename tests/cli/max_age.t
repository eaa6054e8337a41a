#!/usr/bin/perl
# status --max-age: status 1 when the last complete run is too old, or there was none; which runs are complete.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Test::More;
use KycTest;
use KycRun;

my $sandbox = sandbox_start('--nonce-window', 10_000_000_000);
my $case = case_new($sandbox, rows => 6, bad => 2);
my $old = qr/\Akyc-import: warning: the last complete run ended 20\d\d-\S+Z, more than 1s ago \(--max-age\)\nhint: look at the log of the last run, then: kyc-import run \S+job\.yaml\n/;
my $never = qr/\Akyc-import: warning: no run of this job was ever complete \(--max-age\)\nhint: .*kyc-import run \S+job\.yaml\n/;

sub age { return case_run($case, 'status', '-q', '--max-age', @_) }

# What --json has.
sub aged
{
    my ($max) = @_;
    my ($status, $out) = case_run($case, 'status', '--json', '--max-age', $max);
    my $json = JSON::PP->new->utf8->decode($out);
    return ($status, $json->{max_age_exceeded} ? 'old' : 'new', $json->{last_complete_run});
}

# Runs that are not complete: a part of the input, a stop, an input that ends in the middle.
my ($status, $out, $err) = case_run($case, '-q', '--limit', 3);
cmp_ok($status, '<=', 1, 'a run of a part') or diag $err;
($status, $out, $err) = age('26h');
is($status, 1, 'is not complete');
like($err, $never, 'and there was none before');
my @aged = aged('26h');
is("@aged[0, 1]", '1 old', 'as --json has it');
is($aged[2], undef, 'without a run');
($status, $out, $err) = case_run($case, '-q', '--set', 'input.min_records=1000');
is($status, 3, 'a run of too few records');
($status, $out, $err) = age('26h');
like($err, $never, 'is not complete');

($status, $out, $err) = case_run($case, '-q');
is($status, 1, 'a run with rejects') or diag $err;
my $first = case_summary($case)->{finished};
($status, $out, $err) = age('26h');
is("$status$out$err", '0', 'is complete: -q is silent');
@aged = aged('26h');
is("@aged[0, 1] $aged[2]{status}", '0 new 1', 'as --json has it');
is($aged[2]{finished} =~ s/\.\d+//r, $first =~ s/\.\d+//r, 'with the end of the run');
($status, $out, $err) = case_run($case, 'status', '--max-age', '26h');
is("$status$err", '0', 'and without an option status prints its table alone');

# A later run that is not complete does not count.
select undef, undef, undef, 1.2;
case_run($case, '-q', '--limit', 2);
($status, $out, $err) = age('1s');
is($status, 1, 'after a second');
like($err, $old, 'it is too old, whatever part of the input was read since');
@aged = aged('1s');
is("@aged[0, 1]", '1 old', 'as --json has it');
is($aged[2]{finished} =~ s/\.\d+//r, $first =~ s/\.\d+//r, 'with the end of the complete run');
case_run($case, 'refresh', '-q');
is((age('1s'))[0], 1, 'a refresh is no run');
my @rejects = case_rejects($case);
cmp_ok(scalar @rejects, '>', 0, 'the reject file has rows');
case_run($case, '-q', '--input', "$case->{folder}/reports/test/rejects.csv.gz");
is((age('1s'))[0], 1, 'a run of the reject file is that of a part');
case_run($case, '-q');
is((age('1h'))[0], 0, 'the next complete run is new');

# What a run left unsent, or did not read to the end, makes it incomplete whatever its status.
my ($counts) = case_ledger($case, 'SELECT counts FROM run ORDER BY id DESC LIMIT 1');
for my $change (['$.unsent', 1, 'one record unsent'], ['$.input[0].complete', "json('false')", 'an input that was not read to its end'], ['$.partial', "json('true')", 'a part']) {
    my ($path, $value, $sentence) = @$change;
    case_sql($case, "UPDATE run SET counts = json_set(counts, '$path', $value) WHERE id = (SELECT max(id) FROM run)");
    @aged = aged('1h');
    is($aged[2]{finished} =~ s/\.\d+//r, $first =~ s/\.\d+//r, "$sentence: the run before counts");
    write_file("$case->{folder}/counts", join '|', @$counts);
    case_sql($case, "UPDATE run SET counts = CAST(readfile('$case->{folder}/counts') AS TEXT) WHERE id = (SELECT max(id) FROM run)");
    @aged = aged('1h');
    isnt($aged[2]{finished} =~ s/\.\d+//r, $first =~ s/\.\d+//r, 'and with its own counts it counts');
}

like((case_run($case, 'status', '--max-age', $_))[2], qr/^kyc-import: error: --max-age: .*`\Q$_\E`/, "--max-age $_ is refused") for qw(26 1x 0h -1h 99999h);
is((case_run($case, 'status', '--max-age', '26'))[0], 2, 'with status 2');
sandbox_stop($sandbox);
done_testing;
