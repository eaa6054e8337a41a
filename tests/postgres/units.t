#!/usr/bin/perl
# Every unit test that opens a ledger, with the ledger in PostgreSQL: one set of tests holds for both databases. What
# tests/postgres/one_backend.txt lists is of files alone, and nothing else is left out.
#
# Arguments: only these (`ledger/test_store …`).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use KycParallel;
use KycPostgres;
use KycTest;

my $why = postgres_missing();
plan skip_all => $why if $why;
my $build = $ENV{KYC_BUILD} // 'build';

# The tests that the compiler has seen use the fixture.
my @units = map { m{tests/unit/(.*)\.d$} } grep { read_file($_) =~ m{unit/ledger/ledger_file\.h} } glob "$build/obj/tests/unit/*/test_*.d";
plan skip_all => 'no unit tests are built (make unit-tests)' if !@units;
cmp_ok(scalar @units, '>', 30, 'the unit tests of ledger, dispatch and pipeline that open a ledger');

# By test: the functions that are of files alone, or all of it (`*`), and why.
my %of_files;
for my $line (grep { /^[^#\s]/ } split /\n/, read_file("$FindBin::Bin/one_backend.txt")) {
    my ($unit, $function, $reason) = $line =~ m{^(\w+/\w+) (\w+|\*): (\S.*)$} or die "one_backend.txt: $line";
    $of_files{$unit}{$function} = $reason;
}
my @unknown = grep { my $unit = $_; !grep { $_ eq $unit } @units } sort keys %of_files;
is_deeply(\@unknown, [], 'each test that is listed is there');

my $server = postgres_start();
$ENV{KYC_LEDGER} = 'postgresql';
$ENV{KYC_POSTGRES_URL} = postgres_url($server) =~ s{/postgres$}{}r;

sub run_unit
{
    my ($unit) = @_;
    my ($status, $out, $err) = run_program("$build/tests/unit/$unit");
    my ($planned) = $out =~ /^1\.\.(\d+)$/m;
    return {status => $status, out => $out, err => $err, planned => $planned,
        skipped => [$out =~ /^not ok \d+ # SKIP (\w+)$/mg], passed => [$out =~ /^ok \d+ - (\w+)$/mg]};
}

# Those that take longest first.
my @chosen = grep { !$of_files{$_} || !$of_files{$_}{'*'} } @ARGV ? @ARGV : @units;
my %first = map { $_ => 1 } qw(ledger/test_ledger_edit ledger/test_ledger_verify ledger/test_ledger_settle dispatch/test_dispatcher dispatch/test_task_ledger);
for my $result (parallel_map(3, \&run_unit, sort { ($first{$b} || 0) <=> ($first{$a} || 0) || $a cmp $b } @chosen)) {
    my $unit = $result->{item};
    subtest $unit => sub {
        is($result->{status}, 0, 'it passes') or diag $result->{out}, $result->{err};
        is(@{$result->{passed}} + @{$result->{skipped}}, $result->{planned}, 'each of its functions has run');
        is_deeply([sort @{$result->{skipped}}], [sort keys %{$of_files{$unit} || {}}], 'those that are of files alone are listed');
        cmp_ok(scalar @{$result->{passed}}, '>', 0, 'and they are not all');
    };
}
is_deeply([map { $_->[0] } postgres_query(postgres_url($server), "SELECT datname FROM pg_database WHERE datname LIKE 'kyc_unit_%'")], [], 'no database is left');
postgres_stop($server);
done_testing;
