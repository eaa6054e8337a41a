#!/usr/bin/perl
# The samples: they come out of their script as they are committed, the clean one is clean, and in the dirty one check
# finds what the script planted, by rule and number, and nothing else.
use strict;
use warnings;

use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);
use Test::More;

chdir dirname(__FILE__) . '/../..' or die "$!\n";
my $build = $ENV{BUILD} // 'build';
my $temp  = tempdir(CLEANUP => 1);

ok(system('scripts/make-samples', $temp) == 0, 'the samples can be made again') or BAIL_OUT('no samples');
for my $name (qw(customers.csv.gz customers-dirty.csv.gz)) {
    # What gzip makes of them may differ by its version: the rows may not.
    ok(unpacked("samples/$name") eq unpacked("$temp/$name"), "$name is committed as its script makes it");
}

my $clean = check('jobs/payward.yaml');
is($clean->{status}, 0, 'the clean sample has status 0');
is_deeply([@$clean{qw(read valid rejected warned)}], [200, 200, 0, 0], 'every row of it is valid, without a warning');

my $dirty = check('jobs/demo.yaml');
is($dirty->{status}, 1, 'the dirty sample has status 1');
is($dirty->{read}, $dirty->{valid} + $dirty->{rejected}, 'every row of it is valid or rejected');
my %found = (%{$dirty->{rejects_by_rule}}, %{$dirty->{warnings_by_rule}});
ok(delete $found{'phone/valid'}, 'numbers kept for fiction are warned of');
my %planted = map { split } `scripts/make-samples --tally`;
is_deeply(\%found, \%planted, 'check finds what was planted, rule by rule');
done_testing;

sub unpacked {
    my ($path) = @_;
    open my $pipe, '-|', 'gunzip', '-c', $path or die "gunzip: $!\n";
    binmode $pipe;
    local $/;
    return <$pipe>;
}

sub check {
    my ($job) = @_;
    open my $pipe, '-|', "$build/kyc-import", 'check', $job, '--json', '-q', '--report', "$temp/report",
        '--set', "ledger=sqlite:$temp/none.ledger"
        or die "$build/kyc-import: $!\n";
    local $/;
    my $summary = decode_json(<$pipe>);
    close $pipe;
    return $summary;
}
