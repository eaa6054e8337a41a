# KycProof: the figures of `make proof`. A test that injects faults adds its counts; without KYC_PROOF nothing is stored.
#
#   my $kills = proof_is_long() ? 1000 : 50;
#   proof_add('random kills', faults => 50, runs => 51, expected => 300, made => 300, duplicates => 0, lost => 0, over_limit => 0);
#
# KYC_PROOF names the file that scripts/proof reads: one JSON object a line.
package KycProof;

use strict;
use warnings;
use Exporter 'import';
use Fcntl qw(:flock);
use JSON::PP;

our @EXPORT = qw(proof_is_long proof_add proof_add_fuzzer proof_columns);

my @columns = qw(faults runs expected made duplicates lost over_limit);

# Whether this is the long run (`make proof`), not the short one of `make check`.
sub proof_is_long { return defined $ENV{KYC_PROOF}; }

# The figures that every line has, in their order.
sub proof_columns { return @columns; }

# One line of figures under a name; lines of one name are added up in the table. faults: injected; runs: of
# kyc-import; expected, made: users; lost: customers that neither ledger nor report accounts for; over_limit: requests
# by the server's count.
sub proof_add
{
    my ($name, %figures) = @_;
    my @wrong = grep { !defined $figures{$_} || $figures{$_} !~ /^\d+$/ } @columns;
    die "proof_add $name: no number for @wrong" if @wrong;
    die "proof_add $name: unknown figures" if keys %figures != @columns;
    put({name => $name, %figures});
}

# What a fuzzer did: seconds, inputs tried, findings.
sub proof_add_fuzzer
{
    my ($name, %figures) = @_;
    put({fuzzer => $name, %figures});
}

sub put
{
    my ($line) = @_;
    return if !defined $ENV{KYC_PROOF};
    open my $file, '>>', $ENV{KYC_PROOF} or die "$ENV{KYC_PROOF}: $!";
    flock $file, LOCK_EX or die "$ENV{KYC_PROOF}: $!";
    print {$file} JSON::PP->new->canonical->encode($line), "\n";
    close $file or die "$ENV{KYC_PROOF}: $!";
}

1;
